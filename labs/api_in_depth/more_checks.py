"""More checks for the lab api_in_depth: who may ask the stage partners, what it keeps and holds back, and a chat."""

from lab_harness.authors import check, customers, expect, no_witness, standard_checks

from .probes import chat, partners

DEPLOYED = "Run the cell below the handler's, which creates it."
DESK_GIVEN = "Run the cell of section 11 that is given; it may run again."
WHO = "Section 12 names create_authorizer, update_method and the permission."
GUARD = "Section 12 lists what hotel-guard answers, and whom the permission lets in."
AGENCY = "Section 12 names both identity sources, the type, and the permission."
SIGNED = "Section 13 names update_method, and what hotel-staff may do."
CACHE = "Section 14 lists what update_stage and put_integration set."
LIMITS = "Section 15 lists what update_stage sets, for all methods and for one."
CHAT_GIVEN = "Run the cell of section 18 that is given; it may run again."
CHAT_API = "Section 19 lists the API's parts, and the function's permission with the API in its SourceArn."
PAGE_GIVEN = "Run the cell of section 21 that is given; it may run again."


@check("The desk, its paths and the stage partners are there", task="desk")
def desk_is_given(apigateway, lambda_, iam):
    partners.Partners(apigateway, given=DESK_GIVEN).expect_paths(DESK_GIVEN)
    for name in (partners.DESK, partners.GIVEN_GUARD):
        expect.function(lambda_, name, DESK_GIVEN)
    expect.role(iam, partners.CLEANER, DESK_GIVEN)


guard_exists = standard_checks.function_exists(partners.GUARD, DEPLOYED, task="guard_function")


@check("GET /me asks for a token, and so do bookings", task="tokens", needs=(desk_is_given, guard_exists))
def strangers_get_401(apigateway, http):
    stage = partners.Partners(apigateway, http, DESK_GIVEN)
    partners.expect_kept_decisions(apigateway, stage, "/me", "TOKEN", WHO)
    partners.expect_token_asked(stage, f"{WHO} {partners.DEPLOY}")


@check("Guests are known by their tokens", task="guard", needs=strangers_get_401)
def guests_are_known(apigateway, http):
    stage = partners.Partners(apigateway, http, DESK_GIVEN)
    partners.expect_guests_known(stage, f"{GUARD} lab.why() says what was refused.")


@check("GET /rates asks for an agency and its key", task="agencies", needs=desk_is_given)
def agencies_are_asked(apigateway, http):
    stage = partners.Partners(apigateway, http, DESK_GIVEN)
    partners.expect_kept_decisions(apigateway, stage, "/rates", "REQUEST", AGENCY)
    partners.expect_agency_asked(stage, f"{AGENCY} {partners.DEPLOY}")


@check("An agency is known by its own key alone", task="agencies", needs=agencies_are_asked)
def agencies_are_known(apigateway, http):
    stage = partners.Partners(apigateway, http, DESK_GIVEN)
    partners.expect_agencies_known(stage, f"{AGENCY} lab.why() says what was refused.")


@check("Staff alone reach GET /staff", task="staff", needs=desk_is_given)
def staff_is_signed(apigateway, http, iam, sts):
    staff, cleaner = (partners.session(sts, iam, role, SIGNED) for role in (partners.STAFF, partners.CLEANER))
    partners.expect_staff_alone(partners.Partners(apigateway, http, DESK_GIVEN), staff, cleaner, SIGNED)


@check("Offers are kept for a minute, by kind", task="cache", needs=desk_is_given)
def offers_are_cached(apigateway, http):
    partners.expect_cached(partners.Partners(apigateway, http, DESK_GIVEN), CACHE)


@check(
    "Who may not is refused a fresh offer, and staff get one", task="cache", needs=(offers_are_cached, staff_is_signed)
)
def staff_renew_offers(apigateway, http, iam, sts):
    staff = partners.session(sts, iam, partners.STAFF, SIGNED)
    partners.expect_renewed_by_staff(partners.Partners(apigateway, http, DESK_GIVEN), staff, CACHE)


@check("Searches are held back, and nothing else", task="limits", needs=desk_is_given)
def searches_are_throttled(apigateway, http):
    partners.expect_throttled(partners.Partners(apigateway, http, DESK_GIVEN), LIMITS)


@check("The chat's table and role are there", task="chat_given")
def chat_is_given(dynamodb, iam):
    expect.table(dynamodb, chat.TABLE, f"{chat.KEY} (HASH, S)", CHAT_GIVEN)
    expect.role(iam, "pet-chat-role", CHAT_GIVEN)


chat_function_exists = standard_checks.function_exists(chat.CHAT, DEPLOYED, task="chat_function")


@check("The WebSocket API pet-chat may call its function", task="chat_api", needs=chat_function_exists)
def chat_calls_function(apigatewayv2, lambda_):
    api = chat.chat_id(apigatewayv2)
    arns = chat.routes_arns(api)
    expect.invocation(lambda_, chat.CHAT, "apigateway.amazonaws.com", arns, api, CHAT_API)


@check("Only who has a token gets into the chat", task="chat", needs=(chat_is_given, chat_calls_function))
def strangers_stay_out_of_chat(apigatewayv2, dynamodb, http, witness=no_witness):
    room = chat.Chat(apigatewayv2, dynamodb, http, witness)
    for query in ("", f"?token={customers.file_name('')}"):
        chat.expect_refused(room, query)
    with chat.guests(room, *chat.NAMES):
        pass


@check("The table knows who is there, until they go", task="chat", needs=strangers_stay_out_of_chat)
def connections_are_kept(apigatewayv2, dynamodb, http, witness=no_witness):
    chat.expect_kept(chat.Chat(apigatewayv2, dynamodb, http, witness))


@check("What one says everybody hears", task="chat_role", needs=connections_are_kept)
def everybody_hears(apigatewayv2, dynamodb, http, witness=no_witness):
    chat.expect_heard(chat.Chat(apigatewayv2, dynamodb, http, witness))


@check("Who sends something else is told so", task="chat", needs=everybody_hears)
def others_are_told(apigatewayv2, dynamodb, http, witness=no_witness):
    chat.expect_told(chat.Chat(apigatewayv2, dynamodb, http, witness))


@check("Connections that are gone are removed", task="chat", needs=everybody_hears)
def gone_are_removed(apigatewayv2, dynamodb, http, witness=no_witness):
    chat.expect_removed(chat.Chat(apigatewayv2, dynamodb, http, witness))


@check("The chat's page is served", task="chat_page", needs=chat_calls_function)
def page_is_served(http, s3):
    expect.website(s3, chat.SITE, "index.html", PAGE_GIVEN)
    expect.site(http, f"{chat.SITE}.s3-website.localhost", PAGE_GIVEN)
