import json
import os

import boto3

TOKENS = json.loads(os.environ["TOKENS"])
table = boto3.resource("dynamodb").Table("pet-chat-connections")


def lambda_handler(event, context):
    asked = event["requestContext"]
    me = asked["connectionId"]
    if asked["routeKey"] == "$connect":
        name = TOKENS.get((event.get("queryStringParameters") or {}).get("token"))
        if name is None:
            return {"statusCode": 401}
        table.put_item(Item={"connectionId": me, "name": name})
    elif asked["routeKey"] == "$disconnect":
        table.delete_item(Key={"connectionId": me})
    else:
        gateway = boto3.client(
            "apigatewaymanagementapi", endpoint_url=f"https://{asked['domainName']}/{asked['stage']}"
        )
        everybody = {each["connectionId"]: each["name"] for each in table.scan()["Items"]}
        if asked["routeKey"] == "say":
            answer = {"from": everybody[me], "text": json.loads(event["body"])["text"]}
        else:
            everybody, answer = {me: ""}, {"error": "The action is say."}
        for to in everybody:
            try:
                gateway.post_to_connection(ConnectionId=to, Data=json.dumps(answer))
            except gateway.exceptions.GoneException:
                table.delete_item(Key={"connectionId": to})
    return {"statusCode": 200}
