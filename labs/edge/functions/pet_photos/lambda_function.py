def lambda_handler(event, context):
    request = event["Records"][0]["cf"]["request"]
    name, _, ending = request["uri"].rpartition(".")
    if ending == "gif":
        location = [{"key": "Location", "value": f"{name}.jpg"}]
        return {"status": "301", "statusDescription": "Moved Permanently", "headers": {"location": location}}
    accepted = [header["value"] for header in request["headers"].get("accept", [])]
    if ending == "jpg" and any("image/webp" in value for value in accepted):
        request["uri"] = f"{name}.webp"
    return request
