"""Checks for the lab login: who signs up, what a token opens, and what an identity may do in S3."""

from lab_harness.authors import (
    Failure,
    api_gateway,
    buckets,
    check,
    customers,
    expect,
    functions,
    next_steps,
    standard_checks,
)

from . import probes
from .probes import API, GATE, GROUP, PHOTOS, SITE, SITE_HOST

ROLE, MY_PETS = "owner-functions-role", "my-pets"
RUN_GIVEN = "Run the cell of section 1 that is given; it may run again."
ROUTE = "Section 5 names create_authorizer and update_route."
TRUST = "Section 8 shows the roles' trust and policies; lab.why() tells what was refused."


@check("The buckets for photos and for the site exist", task="given")
def buckets_exist(s3):
    for name in (PHOTOS, SITE):
        expect.bucket(s3, name, RUN_GIVEN)


role_exists = standard_checks.role_exists(ROLE, RUN_GIVEN, task="given")
function_exists = standard_checks.function_exists(MY_PETS, RUN_GIVEN, task="given")


@check("The HTTP API pet-owners-api leads to my-pets", task="given", needs=function_exists)
def api_is_there(apigatewayv2):
    api_gateway.http_api(apigatewayv2, API, RUN_GIVEN)


@check("There is one user pool pet-owners", task="pool")
def pool_exists(cognito_idp):
    probes.pool(cognito_idp)


@check("A password has ten characters of four kinds", task="pool", needs=pool_exists)
def passwords_are_strong(cognito_idp):
    policy = (probes.pool(cognito_idp).get("Policies") or {}).get("PasswordPolicy") or {}
    next_step = "Section 2 names the five settings of the PasswordPolicy."
    shortest = policy.get("MinimumLength", 0)
    expect.value("the shortest password, at least:", probes.SHORTEST, min(shortest, probes.SHORTEST), next_step)
    missing = [rule for rule in probes.PASSWORD_RULES if not policy.get(rule)]
    kept = set(probes.PASSWORD_RULES) - set(missing)
    expect.names("rules for passwords", probes.PASSWORD_RULES, kept, next_step, setting=True)


@check("The app client pet-site has no secret", task="client", needs=pool_exists)
def client_is_public(cognito_idp):
    found = "a secret" if probes.client(cognito_idp).get("ClientSecret") else "no secret"
    next_step = f"A page keeps no secrets. {next_steps.build_anew('That a client has one', 'create_user_pool_client')}"
    expect.value("pet-site has", "no secret", found, next_step)


@check("A code by mail confirms, and the password signs in", task="client", needs=client_is_public)
def owners_sign_in(cognito_idp, inbox):
    with probes.owner(cognito_idp, inbox) as owner:
        probes.tokens(cognito_idp, owner)


gate_exists = standard_checks.function_exists(
    GATE, "Run the cell below the handler's, which creates it.", task="gate_function"
)


@check("The pool may call owner-gate, and does at both moments", task="triggers", needs=(pool_exists, gate_exists))
def pool_calls_gate(cognito_idp, lambda_):
    pool = probes.pool(cognito_idp)
    next_step = "Section 4 names add_permission, with the pool's ARN as SourceArn."
    expect.invocation(lambda_, GATE, "cognito-idp.amazonaws.com", [pool["Arn"]], pool["Id"], next_step)
    config, arn = pool.get("LambdaConfig") or {}, functions.arn(lambda_, GATE)
    for trigger in ("PreSignUp", "PostConfirmation"):
        next_step = "Section 4 names LambdaConfig of update_user_pool; name there all that the pool is to keep, too."
        expect.value(f"the pool's {trigger}:", arn, config.get(trigger, "none"), next_step)


@check("The group owners exists", task="triggers", needs=pool_exists)
def group_exists(cognito_idp):
    probes.expect_group(cognito_idp, GROUP, "Section 4 names create_group.")


@check("Throw-away addresses are refused at sign-up", task="gate", needs=(owners_sign_in, pool_calls_gate))
def strangers_stay_out(cognito_idp):
    for domain in (*probes.THROWAWAY, probes.THROWAWAY[0].title()):
        who = probes.new_owner(cognito_idp, domain)
        try:
            with probes.signed_up(cognito_idp, who):
                found = f"{who.email} has signed up"
        except cognito_idp.exceptions.UserLambdaValidationException:
            continue
        next_step = "The handler raises for such an address, whatever its case: section 4."
        raise Failure(expected="a UserLambdaValidationException", found=found, next_step=next_step)
    who = probes.new_owner(cognito_idp, f"not-{customers.chance.choice(probes.THROWAWAY)}")
    try:
        with probes.signed_up(cognito_idp, who):
            pass
    except cognito_idp.exceptions.UserLambdaValidationException as error:
        next_step = "Compare all that stands behind the @, not its end alone: that is another address."
        found = f"{who.email} was refused: {error.response['Error']['Message']}"
        raise Failure(expected=f"{who.email} may sign up", found=found, next_step=next_step) from None


@check("Who has confirmed is in the group owners", task="gate", needs=(owners_sign_in, pool_calls_gate, group_exists))
def owners_join_their_group(cognito_idp, inbox):
    with probes.owner(cognito_idp, inbox) as owner:
        found = cognito_idp.admin_list_groups_for_user(UserPoolId=owner.pool, Username=owner.name)["Groups"]
        next_step = "Section 4: for PostConfirmation the handler calls admin_add_user_to_group."
        expect.names(f"groups of {owner.name}", [GROUP], [each["GroupName"] for each in found], next_step)


@check("Without a good token GET /me is answered 401", task="api", needs=(api_is_there, owners_sign_in))
def strangers_get_401(apigatewayv2, http, cognito_idp, inbox):
    api = api_gateway.http_api(apigatewayv2, API, RUN_GIVEN)
    with probes.owner(cognito_idp, inbox) as owner:
        head, body, signature = probes.tokens(cognito_idp, owner)["IdToken"].split(".")
        for what, token in (("no token", None), ("a forged token", f"{head}.{body}.{signature[::-1]}")):
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            answer = api.ask(http, "GET", "/me", headers=headers)
            expect.value(f"GET /me with {what}:", 401, answer.status, ROUTE)


@check("With an owner's token GET /me knows them", task="api", needs=strangers_get_401)
def owners_are_known(apigatewayv2, http, cognito_idp, inbox):
    api = api_gateway.http_api(apigatewayv2, API, RUN_GIVEN)
    with probes.owner(cognito_idp, inbox) as owner:
        token = probes.tokens(cognito_idp, owner)["IdToken"]
        answer = api.ask(http, "GET", "/me", headers={"Authorization": f"Bearer {token}"})
        told = answer.json()
        if answer.status != 200 or not isinstance(told, dict) or told.get("email") != owner.email:
            next_step = (
                "Section 5: the issuer names the pool, the audience the client's id."
                if answer.status == 401
                else "The token was let in: lab.logs() shows what my-pets did; route and integration are section 5's."
            )
            raise Failure(expected=f"200 and the email {owner.email}", found=str(answer), next_step=next_step)


@check("The pool's domain has a page to sign in on", task="hosted", needs=client_is_public)
def page_opens(http, cognito_idp):
    probes.Page(http, cognito_idp).expect_form()


@check("An owner's code becomes an ID token with their mail", task="hosted", needs=(page_opens, owners_sign_in))
def code_becomes_tokens(http, cognito_idp, inbox):
    with probes.owner(cognito_idp, inbox) as owner:
        page = probes.Page(http, cognito_idp, "openid email")
        answer = page.tokens(page.code(owner))
        told = answer.json()
        if answer.status != 200 or not isinstance(told, dict) or "id_token" not in told:
            next_step = (
                "AllowedOAuthScopes: section 6 names two."
                if answer.status == 200 or "scope" in answer.text
                else "Compare the client's settings with section 6: update_user_pool_client takes all of them anew."
            )
            raise Failure(expected="an ID token for the code", found=str(answer), next_step=next_step)


@check("The site is served", task="site", needs=buckets_exist)
def site_is_served(http, s3):
    next_step = "Run the cell of section 7 that is given; it may run again."
    expect.website(s3, SITE, "index.html", next_step)
    expect.site(http, SITE_HOST, next_step)


@check("There is one identity pool pet-owners", task="identities", needs=client_is_public)
def identity_pool_exists(cognito_identity, cognito_idp):
    client = probes.client(cognito_idp)
    wanted = f"cognito-idp.us-east-1.amazonaws.com/{client['UserPoolId']} for the client {client['ClientId']}"
    given = probes.identity_pool(cognito_identity).get("CognitoIdentityProviders") or []
    found = [f"{each['ProviderName']} for the client {each['ClientId']}" for each in given]
    next_step = next_steps.change("CognitoIdentityProviders", "create_identity_pool")
    expect.names("providers", [wanted], found, next_step, setting=True)


@check("Owners reach their own photos alone", task="identities",
       needs=(identity_pool_exists, owners_sign_in, buckets_exist))  # fmt: skip
def owners_reach_their_own(cognito_identity, cognito_idp, s3, http, inbox):
    with probes.owner(cognito_idp, inbox) as owner, probes.owner(cognito_idp, inbox) as other:
        mine, keys = probes.credentials(cognito_identity, owner, probes.tokens(cognito_idp, owner)["IdToken"])
        theirs, _ = probes.credentials(cognito_identity, other, probes.tokens(cognito_idp, other)["IdToken"])
        name = customers.file_name(".jpg")
        places = [(PHOTOS, f"private/{each}/{name}") for each in (mine, theirs)]
        with buckets.removed_afterwards(s3, places):
            for (_, key), allowed in zip(places, (True, False), strict=True):
                whose = "an owner's own" if allowed else "another owner's"
                answer = probes.ask_s3(http, s3, keys, "PUT", key, "a photo")
                probes.expect_access(answer, allowed, f"PUT of {whose} private/<id>/{name}", TRUST)
            answer = probes.ask_s3(http, s3, keys, "GET", places[0][1])
            probes.expect_access(answer, True, "GET of the same", TRUST)
            s3.put_object(Bucket=PHOTOS, Key=places[1][1], Body=b"a photo")
            answer = probes.ask_s3(http, s3, keys, "GET", places[1][1])
            probes.expect_access(answer, False, f"GET of another owner's private/<id>/{name}", TRUST)
            answer = probes.ask_s3(http, s3, keys, "DELETE", places[1][1])
            probes.expect_access(answer, False, f"DELETE of another owner's private/<id>/{name}", TRUST)


@check("Guests read what is public, and nothing else", task="identities", needs=(identity_pool_exists, buckets_exist))
def guests_read_what_is_public(cognito_identity, s3, http):
    _, keys = probes.credentials(cognito_identity)
    name, elsewhere = customers.file_name(".jpg"), customers.resource_name()
    parts = {"public": True, "private": False, elsewhere: False}
    with buckets.removed_afterwards(s3, [(PHOTOS, f"{part}/{name}") for part in parts]):
        for part, allowed in parts.items():
            s3.put_object(Bucket=PHOTOS, Key=f"{part}/{name}", Body=b"a photo")
            answer = probes.ask_s3(http, s3, keys, "GET", f"{part}/{name}")
            probes.expect_access(answer, allowed, f"a guest's GET of {part}/{name}", TRUST)
        answer = probes.ask_s3(http, s3, keys, "PUT", f"public/{name}", "another")
        probes.expect_access(answer, False, f"a guest's PUT of public/{name}", TRUST)


@check("Vets read all owners' photos", task="vets", needs=owners_reach_their_own)
def vets_read_all(cognito_identity, cognito_idp, s3, http, inbox):
    with probes.owner(cognito_idp, inbox) as owner:
        next_step = "Section 9 names create_group with a RoleArn, and RoleMappings of set_identity_pool_roles."
        probes.expect_group(cognito_idp, "vets", next_step)
        cognito_idp.admin_add_user_to_group(UserPoolId=owner.pool, Username=owner.name, GroupName="vets")
        _, keys = probes.credentials(cognito_identity, owner, probes.tokens(cognito_idp, owner)["IdToken"])
        name = f"private/{customers.number()}/{customers.file_name('.jpg')}"
        with buckets.removed_afterwards(s3, [(PHOTOS, name)]):
            s3.put_object(Bucket=PHOTOS, Key=name, Body=b"a photo")
            answer = probes.ask_s3(http, s3, keys, "GET", name)
            probes.expect_access(answer, True, f"a vet's GET of {name}", next_step)
            answer = probes.ask_s3(http, s3, keys, "PUT", name, "another")
            probes.expect_access(answer, False, f"a vet's PUT of {name}", TRUST)
