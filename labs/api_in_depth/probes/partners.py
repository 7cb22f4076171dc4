"""What the checks of api_in_depth do as travel agencies would: ask the stage `partners`, with a token or signature."""

import hmac

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from lab_harness.authors import Failure, api_gateway, customers, eventually, expect, expect_api

API, STAGE, DESK, GUARD, KEY = "pet-hotel", "partners", "hotel-desk", "hotel-guard", "meadow"
STAFF, CLEANER = "hotel-staff", "hotel-cleaner"
GIVEN_GUARD, AGENCIES = "hotel-agencies", {"sol": "sun-7", "luna": "moon-3"}  # by agency its key
UNSIGNED = (404, 403)  # MISSING_AUTHENTICATION_TOKEN, as section 10 words it, and as it is without
PATHS = ("/offers", "/search", "/me", "/me/bookings", "/rates", "/staff")
CACHED, KEPT, QUICK, PATIENCE = 60, 300, 6, 3  # seconds of offers, of tokens; requests at once; seconds to wait
SEARCH = {"throttlingRateLimit": 1.0, "throttlingBurstLimit": 2}
ALL = {"throttlingRateLimit": 100.0, "throttlingBurstLimit": 50}
DEPLOY = "What you change counts at a stage once create_deployment has deployed it there."
FRESH = {"Cache-Control": "max-age=0"}


class Partners:
    """The stage `partners` of pet-hotel."""

    def __init__(self, apigateway, http=None, given=""):
        self._gateway, self._http = apigateway, http
        self.id = api_gateway.one_named(apigateway, "REST API", API, given)["id"]
        stages = {each["stageName"]: each for each in apigateway.get_stages(restApiId=self.id)["item"]}
        expect.names("stages", [STAGE], list(stages), given)
        self.stage = stages[STAGE]

    def expect_paths(self, next_step):
        """All paths lead to the desk."""
        api = api_gateway.read_rest_api(self._gateway, self.id)
        expect_api.proxies(api, [("GET", path) for path in PATHS], DESK, next_step)

    def settings(self, path, method="GET"):
        """What the stage says of a method: its own settings, or those of all."""
        given = self.stage.get("methodSettings") or {}
        return given.get(f"{path.lstrip('/')}/{method}") or given.get(f"{path}/{method}") or given.get("*/*") or {}

    def about(self, path, otherwise):
        """What to do where GET answers for somebody else: the stage may keep what is for one caller alone."""
        if self.stage.get("cacheClusterEnabled") and self.settings(path).get("cachingEnabled"):
            return (
                f"The stage keeps the answer of GET {path} for everybody: caching is for GET /offers alone, section 14."
            )
        return otherwise

    def ask(self, path, credentials=None, **headers):
        """The answer to GET, signed where there are credentials."""
        where = f"/_aws/execute-api/{self.id}/{STAGE}{path}"
        if credentials:
            request = AWSRequest("GET", f"{self._gateway.meta.endpoint_url}{where}", headers=headers)
            SigV4Auth(credentials, "execute-api", "us-east-1").add_auth(request)
            headers = dict(request.headers.items())
        return self._http.request("GET", where, headers={name.replace("_", "-"): headers[name] for name in headers})

    def expect_status(self, wanted, what, next_step, path, credentials=None, **headers):
        """The answer, which has this status."""
        answer = self.ask(path, credentials, **headers)
        if answer.status != wanted:
            raise Failure(expected=f"{wanted} for {what}", found=str(answer), next_step=next_step)
        return answer

    def calls(self, path, times=2):
        """The answers to so many requests, one after another; each tells which call of the function made it."""
        step = "lab.logs() shows what hotel-desk did; lab.why() what was refused."
        return [self.expect_status(200, f"GET {path}", step, path) for _ in range(times)]


def session(sts, iam, role, next_step):
    """Credentials of somebody who has assumed a role."""
    expect.role(iam, role, next_step)
    arn = iam.get_role(RoleName=role)["Role"]["Arn"]
    try:
        keys = sts.assume_role(RoleArn=arn, RoleSessionName=customers.name())["Credentials"]
    except sts.exceptions.ClientError as error:
        step = f"The role's trust policy lets the account in. {next_step}"
        raise Failure(expected=f"a session of {role}", found=str(error), next_step=step) from error
    return Credentials(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])


def expect_token_asked(partners, next_step):
    """Without a token both paths are answered 401."""
    for path in ("/me", "/me/bookings"):
        partners.expect_status(401, f"GET {path} without a token", next_step, path)


def expect_guests_known(partners, next_step):
    """A wrong token is answered 403, a right one by who it is, at both paths."""
    name = customers.name()
    seal = hmac.new(KEY.encode(), name.encode(), "sha256").hexdigest()
    for path in ("/me", "/me/bookings"):
        for wrong in _nearly(seal):
            token = f"{name}.{wrong}"
            partners.expect_status(403, f"GET {path} with a wrong token", next_step, path, Authorization=token)
    unsealed = partners.ask("/me", Authorization=name)
    if unsealed.status not in (401, 403):  # 401 where an identityValidationExpression says what a token looks like
        step = f"A token may be any text, one without a dot too. {next_step}"
        raise Failure(expected="403 for GET /me with a name alone", found=str(unsealed), next_step=step)
    for path, step in (
        ("/me", next_step),
        (
            "/me/bookings",
            "The policy is kept for the token, so it must allow all that the guest may ask, not one path.",
        ),
    ):
        what = f"GET {path} with the token of {name}"
        told = partners.expect_status(200, what, step, path, Authorization=f"{name}.{seal}").fields()
        about = "The authorizer's answer has a context with guest, which is the name in the token."
        expect.value(f"guest at {path}:", name, told.get("guest"), partners.about(path, about))
    step = f"Many clients write Bearer before a token: take it off. {next_step}"
    partners.expect_status(200, "GET /me with Bearer before it", step, "/me", Authorization=f"Bearer {name}.{seal}")


def _nearly(seal):
    """Seals that are wrong in one letter, at the begin or at the end."""
    other = {"0": "1"}
    return f"{other.get(seal[0], '0')}{seal[1:]}", f"{seal[:-1]}{other.get(seal[-1], '0')}"


def expect_kept_decisions(apigateway, partners, path, kind, next_step):
    """The authorizer of a path is of this type, and keeps what it was told."""
    there = {each["id"]: each for each in apigateway.get_authorizers(restApiId=partners.id, limit=500)["items"]}
    route = api_gateway.read_rest_api(apigateway, partners.id).route("GET", path)
    found = there.get(route.settings.get("authorizerId") if route else None, {})
    expect.value(f"the type of authorizer of GET {path}:", kind, found.get("type", "none"), next_step)
    expect.value("authorizerResultTtlInSeconds", KEPT, found.get("authorizerResultTtlInSeconds", KEPT), next_step)


def expect_agency_asked(partners, next_step):
    """Without the agency, without its key, and without both it is 401."""
    key, named = {"X_Agency_Key": AGENCIES["sol"]}, "/rates?agency=sol"
    for what, path, headers in (("an agency", "/rates", key), ("a key", named, {}), ("either", "/rates", {})):
        partners.expect_status(401, f"GET /rates without {what}", next_step, path, **headers)


def expect_agencies_known(partners, next_step):
    """Each agency is known by its own key. What was kept of one says nothing of the other."""
    for agency, key in customers.shuffled(AGENCIES.items()):
        path = f"/rates?agency={agency}"
        told = partners.expect_status(200, f"GET {path} with its key", next_step, path, X_Agency_Key=key).fields()
        about = f"The authorizer is {GIVEN_GUARD}, whose context has the agency."
        expect.value(f"agency at {path}:", agency, told.get("agency"), partners.about("/rates", about))
    for agency, other in (("sol", "luna"), ("luna", "sol")):
        path, step = f"/rates?agency={agency}", f"An answer is kept by the identity sources: name both. {next_step}"
        partners.expect_status(403, f"GET {path} with the key of {other}", step, path, X_Agency_Key=AGENCIES[other])


def expect_staff_alone(partners, staff, cleaner, next_step):
    """Unsigned it is 404, or 403 where nothing words that anew; with another role 403, with the staff's 200."""
    unsigned = partners.ask("/staff")
    if unsigned.status not in UNSIGNED:
        wanted = "404 or 403 for GET /staff without a signature"
        raise Failure(expected=wanted, found=str(unsigned), next_step=f"{next_step} {DEPLOY}")
    partners.expect_status(403, f"GET /staff signed by {CLEANER}", next_step, "/staff", cleaner)
    answer = partners.expect_status(200, f"GET /staff signed by {STAFF}", next_step, "/staff", staff)
    caller = str(answer.fields().get("caller"))
    if f":assumed-role/{STAFF}/" not in caller:
        raise Failure(expected=f"a caller of {STAFF}", found=caller, next_step=f"authorizationType AWS_IAM. {DEPLOY}")


def expect_cached(partners, next_step):
    """Offers are kept by kind, for their time; searches are not."""
    if not partners.stage.get("cacheClusterEnabled"):
        raise Failure(expected=f"a cache of the stage {STAGE}", found="none", next_step=next_step)
    settings = partners.settings("/offers")
    expect.value("cacheTtlInSeconds of GET /offers:", CACHED, settings.get("cacheTtlInSeconds"), next_step)
    for kind in customers.shuffled(["dog", "cat"]):
        path = f"/offers?kind={kind}"
        first, second = partners.calls(path)
        if first.text != second.text:
            raise Failure(expected=f"the same answer to GET {path} again", found=second.text, next_step=next_step)
        told = first.fields().get("kind")
        keys = f"The key tells offers apart: cacheKeyParameters of the integration, which the method declares. {DEPLOY}"
        expect.value(f"kind in the answer to GET {path}:", kind, told, keys)
    if others := [path for path in PATHS if path != "/offers" and partners.settings(path).get("cachingEnabled")]:
        step = f"Caching is for GET /offers: the path of the setting names the method. {next_step}"
        raise Failure(expected="caching of GET /offers alone", found=f"caching of {', '.join(others)}", next_step=step)


def expect_renewed_by_staff(partners, staff, next_step):
    """Who may not renew what is kept is told 403, and the staff get a new answer."""
    path = f"/offers?kind={customers.pet()}"
    partners.calls(path, 1)
    what = "GET /offers with Cache-Control: max-age=0, unsigned"
    partners.expect_status(403, what, next_step, path, **FRESH)
    (kept,) = partners.calls(path, 1)
    what = f"{what.removesuffix(', unsigned')}, signed by {STAFF}"
    fresh = partners.expect_status(200, what, next_step, path, staff, **FRESH)
    if fresh.text == kept.text:
        step = f"{STAFF} needs execute-api:InvalidateCache for GET /offers of this stage: {next_step}"
        raise Failure(expected=f"a new answer for {STAFF}", found="the one that was kept", next_step=step)


def expect_throttled(partners, next_step):
    """Searches are held back, and nothing else."""
    every = (partners.stage.get("methodSettings") or {}).get("*/*") or {}
    for what, wanted, found in (("all methods", ALL, every), ("GET /search", SEARCH, partners.settings("/search"))):
        for name, number in wanted.items():
            expect.value(f"{name} of {what}:", number, found.get(name), next_step)
    eventually(lambda: partners.expect_status(200, "GET /search", next_step, "/search"), within=PATIENCE)
    expect_api.throttled(lambda: partners.ask("/search").status, *SEARCH.values(), next_step)
    others = [partners.ask("/offers").status for _ in range(QUICK)]  # open to all: who is refused takes no token
    if 429 in others:
        raise Failure(expected="no 429 of GET /offers", found=f"{others}", next_step=next_step)
