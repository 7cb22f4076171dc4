"""Checks for the lab edge: what viewers of the distribution get, and where it came from."""

from lab_harness.authors import Failure, api_gateway, check, expect, standard_checks

from . import probes
from .probes import API, BUCKET, MEMBERS, ORDER, PATHS, ROLE, TODAY

RUN_GIVEN = "Run the cell of section 1 that is given; it may run again."
EVENTS = ("viewer-request", "origin-request", "origin-response", "viewer-response")
CACHE = 'Section 6 says what counts for /today, and names put_policy; lab.hint("key") helps.'
SITE = ("index.html", "lost.html", "pets/index.html", "b/index.html", "members/offers.html", "news/1.html",
        "img/bello.jpg", "img/bello.webp")  # fmt: skip


@check("The bucket holds the site", task="given")
def site_is_there(s3):
    expect.bucket(s3, BUCKET, RUN_GIVEN)
    there = [each["Key"] for each in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]
    expect.names("files of the site", SITE, there, RUN_GIVEN)


role_exists = standard_checks.role_exists(ROLE, RUN_GIVEN, task="given")
function_exists = standard_checks.function_exists(TODAY, RUN_GIVEN, task="given")


@check("The HTTP API pet-edge-api leads to pet-today", task="given", needs=function_exists)
def api_is_there(apigatewayv2):
    api_gateway.http_api(apigatewayv2, API, RUN_GIVEN)


@check("There is one distribution pet-edge, and it is enabled", task="distribution")
def distribution_exists(cloudfront):
    found = probes.distribution(cloudfront)
    expect.value("pet-edge is", "enabled", "enabled" if found["Enabled"] else "disabled", "change(Enabled=True)")


@check("Viewers get the page at /", task="distribution", needs=(distribution_exists, site_is_there))
def page_is_served(http, cloudfront, s3):
    answer = probes.ask(http, cloudfront, "/")
    next_step = probes.next_step_for(answer, "DefaultRootObject names the page for /, without a slash: section 2.")
    probes.expect_answer(
        "GET /", "200 and index.html", answer, answer.status == 200 and "<h1>" in answer.text, next_step
    )
    with probes.page(s3) as (path, body):
        answer = probes.ask(http, cloudfront, path)
        next_step = probes.next_step_for(answer, "The origin is the bucket itself, without a path: section 2.")
        right = answer.status == 200 and answer.text == body
        probes.expect_answer(f"GET {path}", f"200 {body}", answer, right, next_step)


@check("The bucket lets in this distribution alone", task="distribution", needs=page_is_served)
def bucket_is_closed(http, cloudfront, s3):
    with probes.page(s3) as (path, _):
        answer = http.request("GET", f"/{BUCKET}{path}")
        next_step = "Anyone who asks S3 itself gets in: only cloudfront.amazonaws.com may be the policy's Principal."
        probes.expect_answer("GET from S3 itself", "403", answer, answer.status == 403, next_step)
        with probes.another_distribution(cloudfront, probes.distribution(cloudfront)) as other:
            answer = probes.ask(http, cloudfront, path, about=other)
        next_step = "Section 2 names the Condition: AWS:SourceArn is the ARN of your distribution, and of no other."
        wanted = "403"
        probes.expect_answer(
            "GET from a distribution of somebody else", wanted, answer, answer.status == 403, next_step
        )


@check("A viewer by HTTP is led to HTTPS", task="viewers", needs=page_is_served)
def http_leads_to_https(http, cloudfront, s3):
    with probes.page(s3) as (path, body):
        answer = probes.ask(http, cloudfront, path, https=False)
        location = answer.headers.get("location", "")
        right = answer.status == 301 and location.startswith("https://") and location.endswith(path)
        next_step = "ViewerProtocolPolicy of the default behavior: section 3."
        probes.expect_answer("GET by HTTP", "301 to https://…", answer, right, next_step)
        answer = probes.ask(http, cloudfront, path)
        probes.expect_answer("GET by HTTPS", f"200 {body}", answer, answer.text == body, next_step)


@check("Who asks for what is not there sees lost.html", task="viewers", needs=page_is_served)
def lost_page_is_shown(http, cloudfront, s3):
    page = s3.get_object(Bucket=BUCKET, Key="lost.html")["Body"].read().decode(errors="replace")
    answer = probes.ask(http, cloudfront, f"/{probes.word()}.html")
    right = answer.status == 404 and answer.text.strip() == page.strip()
    next_step = "S3 answers 403 for what it does not have, as long as nobody may list the bucket: section 3."
    probes.expect_answer("a page that is not there", "404 and lost.html", answer, right, next_step)


@check("The API is reached by /api/*, and nothing is kept", task="api", needs=(api_is_there, distribution_exists))
def api_is_never_cached(http, cloudfront):
    path, pet, seen = f"/api/{probes.word()}", probes.word(), []
    for method in ("GET", "GET", "POST"):
        cookie = f"visitor={pet}"
        answer = probes.ask(http, cloudfront, f"{path}?pet={pet}", method=method, Cookie=cookie)
        told = answer.fields()
        if answer.status != 200 or told.get("path") != path:
            next_step = probes.next_step_for(
                answer,
                'put_behavior("/api/*", …) with origin, AllowedMethods and both policies; an API to which the '
                "viewer's Host is sent does not know itself, and answers 403: section 5.",
            )
            raise Failure(
                expected=f"{method} {path} reaches pet-today", found=probes.described(answer), next_step=next_step
            )
        cookies = told.get("cookies")
        visitor = cookies.get("visitor") if isinstance(cookies, dict) else cookies
        got = [told.get("method"), told.get("pet"), visitor]
        next_step = "The origin request policy says what the API gets: ALL_VIEWER_EXCEPT_HOST. Section 5."
        expect.value("method, pet and cookie that reach the API:", [method, pet, pet], got, next_step)
        seen.append(str(told.get("request")))
    found = len(set(seen))
    expect.value(
        "answers made by the API for three requests:", 3, found, "CachePolicyId is CACHING_DISABLED: section 5."
    )


def _today(http, cloudfront, pet, language, more="", **headers):
    """What /today answers, and where the answer came from."""
    cookie = f"language={language}{more and '; '}{more}"
    answer = probes.ask(http, cloudfront, f"/today?pet={pet}", Cookie=cookie, **headers)
    told = answer.fields()
    if answer.status != 200 or told.get("path") != "/today":
        next_step = probes.next_step_for(answer, 'put_behavior("/today", …) with the API\'s origin: section 6.')
        raise Failure(expected="an answer of pet-today to /today", found=probes.described(answer), next_step=next_step)
    return told, probes.where(answer)


@check("/today is kept by pet and by language", task="key", needs=(api_is_there, distribution_exists))
def pets_and_languages_are_kept_apart(http, cloudfront):
    pets = [probes.word(), probes.word()]
    asked = [(pet, language) for pet in pets for language in ("de", "pt")]
    for round_ in ("Miss", "Hit"):
        for pet, language in asked:
            told, place = _today(http, cloudfront, pet, language)
            got = (told.get("pet"), told.get("language"))
            expect.value("pet and language of the answer:", (pet, language), got, CACHE)
            expect.value(f"X-Cache for {pet} in {language}, asked {'again' if round_ == 'Hit' else 'first'}:",
                         round_, place, CACHE)  # fmt: skip


@check("Nothing else counts for /today", task="key", needs=pets_and_languages_are_kept_apart)
def nothing_else_counts(http, cloudfront):
    pet = probes.word()
    _today(http, cloudfront, pet, "de")
    others = {
        "another cookie": ("", {"more": f"session={pet}"}),
        "another query string": (f"&utm_source={pet}", {}),
        "another Accept-Language": ("", {"Accept_Language": "de-CH"}),
        "another User-Agent": ("", {"User_Agent": pet}),
    }
    counting = probes.counting(cloudfront, "/today")
    others |= {f"another cookie {each}": ("", {"more": f"{each}={pet}"}) for each in counting["Cookies"] - {"language"}}
    others |= {f"another query string {each}": (f"&{each}={pet}", {}) for each in counting["QueryStrings"] - {"pet"}}
    others |= {f"another {each}": ("", {each.replace("-", "_"): pet}) for each in counting["Headers"] - {"Host"}}
    for what, (query, given) in others.items():
        _, place = _today(http, cloudfront, f"{pet}{query}", "de", **given)
        expect.value(f"X-Cache with {what}:", "Hit", place, CACHE)


@check("The distribution calls pet-paths", task="paths", needs=distribution_exists)
def paths_function_is_called(cloudfront):
    next_step = "Section 8 names publish, and FunctionAssociations of the default behavior."
    probes.expect_function(cloudfront, "the default behavior", PATHS, next_step)


@check("A folder's path shows its index.html", task="paths_code", needs=(page_is_served, paths_function_is_called))
def folders_have_pages(http, cloudfront, s3):
    wanted = {"/pets/": "pets/index.html", "/pets": "pets/index.html", "/": "index.html", "/lost.html": "lost.html"}
    for path, key in wanted.items():
        page = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode(errors="replace")
        answer = probes.ask(http, cloudfront, path)
        next_step = probes.next_step_for(answer, "Section 7 lists what becomes of a path; publish what you change.")
        probes.expect_answer(f"GET {path}", key, answer, answer.text.strip() == page.strip(), next_step)


@check("The cookie design=b shows the other page", task="paths_code", needs=folders_have_pages)
def designs_are_shown_by_cookie(http, cloudfront, s3):
    for cookie, key in (("design=b", "b/index.html"), ("design=a", "index.html"), ("", "index.html")):
        page = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode(errors="replace")
        answer = probes.ask(http, cloudfront, "/", **({"Cookie": cookie} if cookie else {}))
        next_step = probes.next_step_for(
            answer, "request.cookies.design.value, where there is such a cookie: section 7."
        )
        right = answer.text.strip() == page.strip()
        probes.expect_answer(f"GET / with {cookie or 'no cookie'}", key, answer, right, next_step)


@check("Without a good token /members/* is answered 401", task="members", needs=distribution_exists)
def strangers_are_refused(http, cloudfront, s3):
    probes.expect_function(
        cloudfront, "/members/*", MEMBERS, "Section 9 names the behavior and its FunctionAssociations."
    )
    with probes.page(s3, "members/") as (path, _):
        for what, token in (
            ("no token", ""), ("a forged token", probes.token(key=b"guessed")), ("an old token", probes.token(-60)),
        ):  # fmt: skip
            given = {"Authorization": f"Bearer {token}"} if token else {}
            answer = probes.ask(http, cloudfront, path, **given)
            next_step = probes.next_step_for(answer, "Section 9: pet-members is given; publish it as it is.")
            probes.expect_answer(f"GET with {what}", "401", answer, answer.status == 401, next_step)


@check("With a token members see their pages", task="members", needs=(strangers_are_refused, page_is_served))
def members_get_in(http, cloudfront, s3):
    with probes.page(s3, "members/") as (path, body):
        answer = probes.ask(http, cloudfront, path, Authorization=f"Bearer {probes.token()}")
        next_step = probes.next_step_for(answer, "Section 9: the behavior's origin is the site's.")
        probes.expect_answer("GET with a token", f"200 {body}", answer, answer.text == body, next_step)


@check("/news/* calls edge-order at four events", task="order", needs=(distribution_exists, role_exists))
def order_function_is_called(cloudfront, iam):
    expect.trust(iam, ROLE, "edgelambda.amazonaws.com")
    probes.expect_lambda(cloudfront, "/news/*", EVENTS, ORDER, "Section 10 names LambdaFunctionAssociations.")


@check("A miss has four events, a hit two", task="order", needs=(order_function_is_called, page_is_served))
def four_events_are_seen(http, cloudfront, s3):
    marks = []
    with probes.page(s3, "news/") as (path, body):
        for place in ("Miss", "Hit"):
            answer = probes.ask(http, cloudfront, path)
            next_step = probes.next_step_for(answer, "edge-order is given; publish it as it is: section 10.")
            right = answer.text == body and probes.where(answer) == place
            probes.expect_answer(f"GET {path}", f"200, {place}", answer, right, next_step)
            for event in EVENTS[2:]:
                found = "a mark" if f"x-{event}" in answer.headers else "no mark"
                expect.value(f"of edge-order at {event} the answer has", "a mark", found, next_step)
            marks.append([answer.headers[f"x-{event}"] for event in EVENTS[2:]])
    (origin, viewer), (kept, again) = marks
    expect.value("origin-response has run for two answers:", 1, len({origin, kept}), next_step)
    expect.value("viewer-response has run for two answers:", 2, len({viewer, again}), next_step)
