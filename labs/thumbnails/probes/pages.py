"""The page that uploads: its URL, its signed links, and what the bucket lets pages do."""

import json
from contextlib import suppress
from fnmatch import fnmatchcase
from functools import partial
from urllib.parse import parse_qs, unquote, urlsplit

from lab_harness.authors import Failure, buckets, functions

from . import BUCKET, DEPLOY, IN, MAKE, OUT, PAGE, QUICKLY, thumbnail_of
from .photos import expect_row, forgotten, picture, row_of

LONGEST_LINK = 300  # seconds


def page_url(lambda_):
    """The URL of the function photo-page, split; Failure where it has none that everybody may use."""
    pages = lambda_.get_paginator("list_function_url_configs").paginate(FunctionName=PAGE)
    found = [each for page in pages for each in page["FunctionUrlConfigs"]]
    if not any(each["AuthType"] == "NONE" for each in found):
        raise Failure(
            expected=f"a URL of {PAGE} with AuthType NONE",
            found=f"AuthType {found[0]['AuthType']}" if found else "no function URL",
            next_step="Run the cell of section 5 that deploys the page; it may run again.",
            there=bool(found),
        )
    return urlsplit(next(each["FunctionUrl"] for each in found if each["AuthType"] == "NONE"))


def ask(http, url, path):
    """The answer of the page's function to a request."""
    return http.request("GET", f"{url.path.rstrip('/')}/{path}", host=url.hostname)


def signed(link):
    """A presigned link's object, its verb's place and the seconds for which it is valid; None for any other text."""
    if not isinstance(link, str) or not link.isascii():
        return None
    with suppress(ValueError, KeyError):
        url = urlsplit(link)
        asked = parse_qs(url.query)
        if "X-Amz-Signature" in asked and url.path.startswith("/"):
            return url, int(asked["X-Amz-Expires"][0])
    return None


def links(http, url, logs):
    """The two presigned links of one answer of /links; Failure where it has none."""
    answer = ask(http, url, "links")
    fields = answer.fields() if answer.status == 200 else {}
    found = [signed(fields.get(name)) for name in ("upload", "thumbnail")]
    if not all(found):
        step = f"Section 5 names generate_presigned_url, and s3v4. {DEPLOY}"
        if fields and not {"upload", "thumbnail"} <= fields.keys():
            step = f"The answer's keys are upload and thumbnail; this one has {', '.join(fields)}."
        raise Failure(
            expected="JSON with the presigned links upload and thumbnail",
            found=str(answer),
            next_step=functions.next_step(logs, PAGE, step),
            there=True,
        )
    return found


def cors_allows(s3, method):
    """Whether the bucket lets every page send this method, with a Content-Type; and what it says."""
    try:
        rules = s3.get_bucket_cors(Bucket=BUCKET)["CORSRules"]
    except s3.exceptions.ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchCORSConfiguration":
            raise
        return False, "no CORS configuration"
    return any(
        method in rule["AllowedMethods"]
        and rule.get("AllowedOrigins")
        and any(fnmatchcase("content-type", each.lower()) for each in rule.get("AllowedHeaders", []))
        for rule in rules
    ), f"the CORS rules {json.dumps(rules)}"


def expect_upload_by_link(clients, http):
    """A photo goes up by the page's link, and its thumbnail comes by the other one."""
    s3, lambda_, dynamodb, logs = clients
    (upload, _), (thumbnail, _) = links(http, page_url(lambda_), logs)
    key = unquote(upload.path).removeprefix(f"/{BUCKET}/")
    if not key.startswith(IN) or unquote(thumbnail.path) != f"/{BUCKET}/{thumbnail_of(key)}":
        raise Failure(
            expected=f"links for a key below {IN} of {BUCKET}, and for its thumbnail below {OUT}",
            found=f"{upload.path} and {thumbnail.path}",
            next_step="The thumbnail of in/NAME is out/NAME: sign both for the same name.",
            there=True,
        )
    size = (180, 160)
    photo = picture(*size)
    with forgotten(s3, dynamodb, key, photo):
        sent = http.request("PUT", f"{upload.path}?{upload.query}", photo, host=upload.hostname)
        if sent.status != 200:
            raise Failure(
                expected=f"200 for a photo that is put to the link upload, for {key}",
                found=str(sent),
                next_step="Section 5 says whose permissions such a link has, and for which operation it is signed.",
                there=True,
            )
        log, step = partial(functions.latest_log, logs, MAKE), partial(functions.next_step, logs, MAKE, DEPLOY)
        buckets.awaited(s3, BUCKET, thumbnail_of(key), step, within=QUICKLY, evidence=log)
        expect_row(dynamodb, row_of(key, photo, size))
        shown = http.request("GET", f"{thumbnail.path}?{thumbnail.query}", host=thumbnail.hostname)
        if shown.status != 200:
            raise Failure(
                expected=f"200 for the link thumbnail, for {thumbnail_of(key)}",
                found=str(shown),
                next_step="Section 5 says whose permissions such a link has, and for which operation it is signed.",
                there=True,
            )


def expect_page(http, url, logs):
    """The function's URL answers with a page."""
    answer = ask(http, url, "")
    if answer.status != 200 or "html" not in answer.headers.get("content-type", ""):
        raise Failure(
            expected="a page in HTML at the function's URL",
            found=f"{answer.headers.get('content-type', 'no content-type')}: {answer}",
            next_step=functions.next_step(logs, PAGE, "Run the cell that deploys it once more, after each change."),
            there=True,
        )


def expect_links(http, url, logs):
    """/links answers with two links that are signed, and not for longer than is asked."""
    longest = max(seconds for _, seconds in links(http, url, logs))
    if longest > LONGEST_LINK:
        raise Failure(
            expected=f"links that are valid for at most {LONGEST_LINK} s",
            found=f"a link that is valid for {longest} s",
            next_step="ExpiresIn of generate_presigned_url says for how many seconds.",
            there=True,
        )


def expect_cors(s3):
    """The bucket lets pages upload photos, and read them."""
    for method in ("PUT", "GET"):
        may, told = cors_allows(s3, method)
        if not may:
            raise Failure(
                expected=f"a CORS rule of {BUCKET} for {method} and the header content-type",
                found=told,
                next_step="Run the cell of section 5 that deploys the page; it sets the rule.",
            )


def expect_new_links(http, url, logs):
    """Each answer of /links is about another photo."""
    paths = [links(http, url, logs)[0][0].path for _ in range(2)]
    if paths[0] == paths[1]:
        raise Failure(
            expected="another key in each answer",
            found=f"twice {paths[0]}",
            next_step="Two customers would overwrite each other's photo: draw the name in the handler, as by uuid4.",
            there=True,
        )
