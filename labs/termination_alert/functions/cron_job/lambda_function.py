def lambda_handler(event, context):
    print("tick of", event["time"], "by", event["resources"][0].rpartition("/")[2])
