"""Says at which of CloudFront's events it runs, and marks the responses that pass."""


def lambda_handler(event, context):
    about = event["Records"][0]["cf"]
    kind, uri = about["config"]["eventType"], about["request"]["uri"]
    print(f"{kind} {uri}")
    if "response" not in about:
        return about["request"]  # and it goes on
    response = about["response"]
    response["headers"][f"x-{kind}"] = [{"key": f"X-{kind.title()}", "value": context.aws_request_id}]
    return response
