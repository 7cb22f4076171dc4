"""Checks for the lab dynamodb_tables: keys and indexes, a safe sale, a stream, and a table that can be had back."""

from functools import partial

from lab_harness.authors import (
    check,
    customers,
    eventually,
    expect,
    functions,
    items,
    no_witness,
    policies,
    queues,
    standard_checks,
)

from .probes import FAILED, KEEPER, QUICKLY, SCORES, SHOP, TOTALS, copies, described, players, scaling, shop

ROLE, BUYER, TOPIC, BUCKET = "game-role", "buy-pet", "game-mails", "game-exports"
RESTORED, ARCHIVE, BACKUP, REGION = "GameScores-restored", "GameArchive", "before-season-2", "eu-west-1"
KEYS, MOST_RETRIES = "User_ID (HASH, S), Game_ID (RANGE, S)", 2
RUN_GIVEN = "Run the cell of section 1 that is given; it may run again."
NEEDED = [
    (("dynamodb:GetItem",), policies.arn("dynamodb", f"table/{SHOP}")),
    *((("dynamodb:UpdateItem",), policies.arn("dynamodb", f"table/{name}")) for name in (SHOP, TOTALS)),
    ("sqs:SendMessage", policies.arn("sqs", FAILED)),
    ("sns:Publish", policies.arn("sns", TOPIC)),
]

shop_exists = standard_checks.table_exists(SHOP, "Item_ID", RUN_GIVEN, task="given")
totals_exist = standard_checks.table_exists(TOTALS, "User_ID", RUN_GIVEN, task="given")
sessions_exist = standard_checks.table_exists(scaling.SESSIONS, "Session_ID", RUN_GIVEN, task="given")
queue_exists = standard_checks.queue_exists(FAILED, RUN_GIVEN, task="given")
topic_exists = standard_checks.topic_exists(TOPIC, RUN_GIVEN, task="given")
bucket_exists = standard_checks.bucket_exists(BUCKET, RUN_GIVEN, task="given")
role_exists = standard_checks.role_exists(ROLE, RUN_GIVEN, task="given")
role_trusts_lambda = standard_checks.role_trusts_lambda(ROLE, task="given", needs=role_exists)
role_allows_the_work = standard_checks.role_permits(
    "The role may sell, count, mail and log", ROLE, NEEDED, [BUYER, KEEPER], RUN_GIVEN, task="given", needs=role_exists
)


@check("GameScores has the keys User_ID and Game_ID", task="table")
def table_exists(dynamodb):
    expect.table(dynamodb, SCORES, KEYS, "Section 2 of the notebook names create_table.")


@check("leaderboard ranks a game's players", task="indexes", needs=table_exists)
def scores_are_ranked(dynamodb):
    copies.expect_index(dynamodb, "leaderboard", "Game_ID (HASH, S), Score (RANGE, N)")


@check("champions holds the champions alone", task="indexes", needs=table_exists)
def champions_are_sparse(dynamodb):
    copies.expect_index(dynamodb, "champions", "Champion_Of (HASH, S)")


@check("GameSessions may have 5 to 40 write units", task="scaling", needs=sessions_exist)
def capacity_has_limits(application_autoscaling, dynamodb):
    scaling.expect_provisioned(dynamodb)
    scaling.expect_limits(application_autoscaling)


@check("Its capacity follows its load, at 70 per cent", task="scaling", needs=capacity_has_limits)
def capacity_follows(application_autoscaling, cloudwatch):
    scaling.expect_policy(application_autoscaling, cloudwatch)


shop_function_exists = standard_checks.function_exists(
    BUYER, "Run the cell below the handler's, which creates it.", task="shop_function"
)


@check("buy-pet acts with game-role", task="shop_function", needs=(shop_function_exists, role_exists))
def shop_function_uses_role(lambda_, iam):
    expect.function_role(lambda_, iam, BUYER, ROLE)


@check("A buyer pays the price, and has the pet", task="shop",
       needs=(shop_function_uses_role, role_allows_the_work, shop_exists))  # fmt: skip
def buyer_pays(dynamodb, lambda_):
    price = shop.some_price()
    with shop.market(dynamodb, coins=[50], price=price) as (pet, (buyer,)):
        answer = functions.invoke(lambda_, BUYER, shop.order(pet, buyer))
        shop.expect_sale(dynamodb, [answer], pet, {buyer: 50 - price}, [True], buyer)


@check("Who has too few coins buys nothing", task="shop", needs=buyer_pays)
def poor_buyer_gets_nothing(dynamodb, lambda_):
    with shop.market(dynamodb, coins=[19], price=20) as (pet, (buyer,)):
        answer = functions.invoke(lambda_, BUYER, shop.order(pet, buyer))
        shop.expect_sale(dynamodb, [answer], pet, {buyer: 19}, [False], None)


@check("Of two buyers one has the pet, and only that one pays", task="shop", needs=buyer_pays)
def pet_has_one_buyer(dynamodb, lambda_):
    for _ in range(2):  # in the second round all environments are warm, so that the buyers meet
        with shop.market(dynamodb, coins=[50] * 3, price=20) as (pet, buyers):
            answers = shop.side_by_side(lambda_, BUYER, [shop.order(pet, buyer) for buyer in buyers])
            winner = items.read_item(dynamodb, SHOP, "Item_ID", pet).get("Bought_By")
            coins = {buyer: 30 if buyer == winner else 50 for buyer in buyers}
            shop.expect_sale(
                dynamodb, answers, pet, coins, [buyer == winner for buyer in buyers], winner or "one of them"
            )


@check("The same token counts once", task="shop", needs=buyer_pays)
def same_token_counts_once(dynamodb, lambda_):
    with shop.market(dynamodb, coins=[50], price=20) as (pet, (buyer,)):
        order = shop.order(pet, buyer)
        answers = [functions.invoke(lambda_, BUYER, order) for _ in range(2)]
        shop.expect_sale(dynamodb, answers, pet, {buyer: 30}, [True, True], buyer)


keeper_exists = standard_checks.function_exists(
    KEEPER, "Run the cell below the handler's, which creates it.", task="keeper_function"
)


@check("score-keeper acts with game-role", task="keeper_function", needs=(keeper_exists, role_exists))
def keeper_uses_role(lambda_, iam):
    expect.function_role(lambda_, iam, KEEPER, ROLE)


@check("The table's stream carries new and old images", task="mapping", needs=table_exists)
def stream_is_on(dynamodb):
    found = described(dynamodb).get("StreamSpecification", {})
    kind = found.get("StreamViewType") if found.get("StreamEnabled") else "no stream"
    switch = "A stream's kind cannot be changed: switch it off (StreamEnabled False), then on with the right one. "
    how = "Section 6 names the StreamSpecification of update_table."
    expect.value("the stream:", "NEW_AND_OLD_IMAGES", kind, (switch if kind != "no stream" else "") + how)


@check("The stream starts score-keeper", task="mapping",
       needs=(stream_is_on, keeper_exists, role_trusts_lambda, role_allows_the_work))  # fmt: skip
def stream_starts_it(dynamodb, lambda_):
    next_step = "Section 6 names create_event_source_mapping; a new stream has a new ARN."
    expect.mapping(lambda_, KEEPER, described(dynamodb)["LatestStreamArn"], next_step)


@check("A failing batch is halved, and given up in the end", task="mapping", needs=(stream_starts_it, queue_exists))
def batches_are_halved(dynamodb, lambda_, sqs):
    mapping = functions.mappings(lambda_, KEEPER, described(dynamodb)["LatestStreamArn"])[0]
    halved, retries = mapping.get("BisectBatchOnFunctionError"), mapping.get("MaximumRetryAttempts", -1)
    how = "Section 6 names the three settings; update_event_source_mapping changes a mapping that is there."
    expect.value("BisectBatchOnFunctionError:", True, bool(halved), how)
    most = "for ever" if retries < 0 else max(retries, MOST_RETRIES)
    expect.value("MaximumRetryAttempts, at most:", MOST_RETRIES, most, how)
    target = ((mapping.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination", "none")
    expect.value("the destination OnFailure:", queues.arn(sqs, FAILED), target, how)


READY = (stream_starts_it, keeper_uses_role, role_allows_the_work)


@check("Totals follow the scores", task="stream", needs=(*READY, totals_exist))
def totals_are_kept(dynamodb, lambda_, logs, witness=no_witness):
    moment = witness.moment()
    with players.player(dynamodb) as (player, play):
        play(chess=5, go=7)
        players.expect_total(dynamodb, logs, player, 12, "two new scores, 5 and 7")
        play(chess=9)
        players.expect_total(dynamodb, logs, player, 16, "5 that became 9, and 7")
        players.take_away(dynamodb, player, "go")
        players.expect_total(dynamodb, logs, player, 9, "9, when the 7 was deleted")
        expect.written_by(witness, KEEPER, TOTALS, player, moment, "The handler of score-keeper keeps it: section 5.")
        batch = players.batch(player, "go", new=4)
        for _ in range(2):
            functions.invoke(lambda_, KEEPER, batch)
        players.expect_total(dynamodb, logs, player, 13, "a score of 4 whose batch came twice", players.REPEATED)
        functions.invoke(lambda_, KEEPER, players.batch(player, "go", old=4))


@check("A new player gets a mail, once", task="stream", needs=(*READY, topic_exists))
def new_players_are_welcomed(dynamodb, inbox, logs):
    name = players.new_name()
    with players.player(dynamodb) as (player, play):
        play(profile={"Name": name})
        look = partial(players.expect_one_mail, inbox, logs, name)
        eventually(look, within=QUICKLY)
        play(profile={"Name": name, "Level": customers.number()})
        play(darts=1)  # when it is counted, the change before has been read
        players.expect_total(dynamodb, logs, player, 1, "a score of 1")
        look()


@check("Poison is set aside, and the rest counted once", task="stream", needs=(totals_are_kept, batches_are_halved))
def poison_is_set_aside(dynamodb, sqs, logs):
    with players.records(sqs, FAILED) as heard, players.player(dynamodb) as (player, play):
        play(chess=5, checkers=None, darts=4)
        players.expect_total(dynamodb, logs, player, 9, "5 and 4, beside an item without a score")

        eventually(partial(players.expect_one_alone, heard, logs), within=QUICKLY)
        players.expect_total(dynamodb, logs, player, 9, "what was counted once stays so, when its batch comes again")


@check("Items expire by ExpiresAt", task="safety", needs=table_exists)
def sessions_expire(dynamodb):
    name = copies.expiry(dynamodb)
    switch = f"A table expires by one attribute: switch {name} off first (Enabled False). " if name != "none" else ""
    expect.value("expiry by", "ExpiresAt", name, f"{switch}Section 7 names update_time_to_live.")


@check("Point-in-time recovery is on", task="safety", needs=table_exists)
def every_moment_is_kept(dynamodb):
    expect.value("recovery:", "ENABLED", copies.recovery(dynamodb), "Section 7 names update_continuous_backups.")


@check("The backup before-season-2 exists", task="safety", needs=table_exists)
def backup_exists(dynamodb):
    names = [each["BackupName"] for each in dynamodb.list_backups(TableName=SCORES)["BackupSummaries"]]
    expect.names(f"backups of {SCORES}", [BACKUP], names, "Section 7 names create_backup.")


@check("GameScores-restored is the table before it was spoilt", task="restore", needs=every_moment_is_kept)
def table_was_restored(dynamodb):
    next_step = "Section 8 says to which moment; delete the restored table and restore it again."
    expect.table(dynamodb, RESTORED, KEYS, "Section 8 names restore_table_to_point_in_time.")
    source = described(dynamodb, RESTORED).get("RestoreSummary", {}).get("SourceTableArn", "nothing")
    expect.value("restored from", items.table_arn(dynamodb, SCORES), source, next_step)
    copies.expect_unspoilt(copies.scores(dynamodb, SCORES), copies.scores(dynamodb, RESTORED), next_step)


@check("game-exports has a complete export", task="archive", needs=(every_moment_is_kept, bucket_exists))
def export_is_there(dynamodb, s3):
    copies.expect_export(dynamodb, s3, BUCKET)


@check("GameArchive was imported from the CSV", task="archive", needs=bucket_exists)
def archive_is_there(dynamodb, s3):
    next_step = "Section 9 names import_table; it makes the table itself, so delete one of that name first."
    expect.table(dynamodb, ARCHIVE, KEYS, next_step)
    copies.expect_import(dynamodb, s3, ARCHIVE, BUCKET, next_step)


@check("GameScores has a replica in eu-west-1", task="global", needs=table_exists)
def replica_is_there(dynamodb):
    replicas = described(dynamodb).get("Replicas", [])
    found = [f"{each['RegionName']} {each.get('ReplicaStatus', 'ACTIVE')}" for each in replicas]
    expect.names("replicas", [f"{REGION} ACTIVE"], found, "Section 10 names ReplicaUpdates of update_table.")
