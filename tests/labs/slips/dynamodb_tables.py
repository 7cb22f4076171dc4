"""Lab 10."""

from .mistakes import (
    edit,
    mapping,
    policy,
    rebuild_table,
    rename_function,
    rename_queue,
    rename_role,
    settings,
    trust,
)
from .slip import Slip

SCORES, ROLE, BUYER, KEEPER, FAILED = "GameScores", "game-role", "buy-pet", "score-keeper", "scores-failed"
SESSIONS = {
    "ServiceNamespace": "dynamodb",
    "ResourceId": "table/GameSessions",
    "ScalableDimension": "dynamodb:table:WriteCapacityUnits",
}


def handler(function, old, new):
    return edit("dynamodb_tables", function.replace("-", "_"), old, new)


def scores(**changed):
    return lambda clients: clients["dynamodb"].update_table(TableName=SCORES, **changed)


def index(name, other=None, *keys):
    """The index has another name or other keys; with none it was forgotten."""

    def make(clients):
        scores(GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": name}}])(clients)
        if other:
            kinds = [
                {"AttributeName": key, "KeyType": kind} for key, kind in zip(keys, ("HASH", "RANGE"), strict=False)
            ]
            new = {"IndexName": other, "KeySchema": kinds, "Projection": {"ProjectionType": "ALL"}}
            types = {"Score": "N"}
            scores(
                AttributeDefinitions=[{"AttributeName": key, "AttributeType": types.get(key, "S")} for key in keys],
                GlobalSecondaryIndexUpdates=[{"Create": new}],
            )(clients)

    return make


def no_target(clients):
    clients["application-autoscaling"].deregister_scalable_target(**SESSIONS)


def no_policy(clients):
    clients["application-autoscaling"].delete_scaling_policy(**SESSIONS, PolicyName="follow-the-load")


def stream(kind=None):
    """The stream carries something else; without a kind it is off."""

    def make(clients):
        scores(StreamSpecification={"StreamEnabled": False})(clients)
        if kind:
            scores(StreamSpecification={"StreamEnabled": True, "StreamViewType": kind})(clients)

    return make


def backup(other=None):
    """The backup has another name; without one it was forgotten."""

    def make(clients):
        dynamodb = clients["dynamodb"]
        for each in dynamodb.list_backups(TableName=SCORES)["BackupSummaries"]:
            dynamodb.delete_backup(BackupArn=each["BackupArn"])
        if other:
            dynamodb.create_backup(TableName=SCORES, BackupName=other)

    return make


def replica(region=None):
    """The replica is in another region; without one it was forgotten."""

    def make(clients):
        scores(ReplicaUpdates=[{"Delete": {"RegionName": "eu-west-1"}}])(clients)
        if region:
            scores(ReplicaUpdates=[{"Create": {"RegionName": region}}])(clients)

    return make


SLIPS = {
    "shop_exists": [
        Slip("underscore", rebuild_table("GameShop", "Game_Shop"), "Game_Shop is nearly GameShop"),
    ],
    "queue_exists": [
        Slip("singular", rename_queue(FAILED, "score-failed"), "score-failed is nearly scores-failed"),
    ],
    "role_exists": [
        Slip("plural", rename_role(ROLE, "games-role"), "games-role is nearly game-role"),
    ],
    "role_trusts_lambda": [
        Slip("the table's service", trust(ROLE, "lambda.", "dynamodb."), "Its Principal is dynamodb.amazonaws.com"),
    ],
    "role_allows_the_work": [
        Slip("misspelt", policy(ROLE, "sns:Publish", "sns:Publishes"), "which is nearly"),
        Slip("another table", policy(ROLE, "table/GameTotals", "table/GameTotal"), "dynamodb:UpdateItem on GameTotals"),
    ],
    "table_exists": [
        Slip("underscore", rebuild_table(SCORES, "Game_Scores"), "Game_Scores is nearly GameScores"),
        Slip("a small letter", rebuild_table(SCORES, rename=lambda key: key.replace("ID", "Id")), "User_Id (HASH, S)"),
    ],
    "scores_are_ranked": [
        Slip(
            "swapped", index("leaderboard", "leaderboard", "Score", "Game_ID"), "Score (HASH, N)", "cannot be changed"
        ),
    ],
    "champions_are_sparse": [
        Slip("forgotten", index("champions"), "update_table"),
        Slip("singular", index("champions", "champion", "Champion_Of"), "champion is nearly champions"),
    ],
    "capacity_has_limits": [
        Slip("forgotten", no_target, "none of it", "register_scalable_target"),
    ],
    "capacity_follows": [
        Slip("forgotten", no_policy, "no policy", "put_scaling_policy"),
    ],
    "shop_function_exists": [
        Slip("plural", rename_function(BUYER, "buy-pets"), "buy-pets is nearly buy-pet"),
    ],
    "poor_buyer_gets_nothing": [
        Slip(
            "nothing is caught",
            handler(BUYER, "dynamodb.exceptions.TransactionCanceledException", "KeyError"),
            "[None, ConditionalCheckFailed]",
            "the handler catches it",
        ),
    ],
    "buyer_pays": [
        Slip(
            "a small letter",
            handler(BUYER, 'event["buyer"]}},\n        "Upd', 'event["Buyer"]}},\n        "Upd'),
            "Nothing is called 'Buyer'",
        ),
        Slip("another table", handler(BUYER, '"GameShop"', '"Gameshop"'), "does not allow dynamodb:GetItem"),
    ],
    "keeper_exists": [
        Slip("underscore", rename_function(KEEPER, "score_keeper"), "score_keeper is nearly score-keeper"),
    ],
    "stream_is_on": [
        Slip("forgotten", stream(), "no stream", "StreamSpecification of update_table"),
    ],
    "stream_starts_it": [
        Slip("disabled", mapping(KEEPER, Enabled=False), "Disabled", "update_event_source_mapping enables"),
        Slip("a new stream", stream("NEW_AND_OLD_IMAGES"), "a new stream has a new ARN"),
    ],
    "batches_are_halved": [
        Slip(
            "no destination", mapping(KEEPER, DestinationConfig={"OnFailure": {}}), "none", "Section 6 names the three"
        ),
    ],
    "totals_are_kept": [
        Slip(
            "a small letter",
            handler(KEEPER, '"User_ID", "Game_ID")', '"User_Id", "Game_ID")'),
            "Nothing is called 'User_Id'",
        ),
    ],
    "new_players_are_welcomed": [
        Slip("no topic", settings(KEEPER, Environment={"Variables": {}}), "TOPIC"),
    ],
    "backup_exists": [
        Slip("underscores", backup("before_season_2"), "before_season_2 is nearly before-season-2"),
    ],
    "table_was_restored": [
        Slip(
            "underscore", rebuild_table("GameScores-restored", "GameScores_restored"), "GameScores_restored is nearly"
        ),
        Slip("made by hand", rebuild_table("GameScores-restored"), "restored from nothing", "restore it again"),
    ],
    "archive_is_there": [
        Slip("made by hand", rebuild_table("GameArchive"), "missing: u-1 chess", "it makes the table itself"),
    ],
    "replica_is_there": [
        Slip("forgotten", replica(), "ReplicaUpdates"),
    ],
}
