"""What the checks of dynamodb_tables play, buy and read: names that they share, and a table as DynamoDB tells of it."""

SCORES, SHOP, TOTALS, KEEPER, FAILED = "GameScores", "GameShop", "GameTotals", "score-keeper", "scores-failed"
QUICKLY = 20  # seconds: a change, a cold start, and a batch that is tried three times


def described(dynamodb, table=SCORES):
    return dynamodb.describe_table(TableName=table)["Table"]
