"""Tests for the lab edge."""

import copy
import io
import json
import zipfile
import zlib
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from importlib.metadata import files
from unittest import mock

import pytest
import urllib3

from lab_harness import load_lab, run_checks
from lab_harness.authors import Failure, pictures
from lab_harness.authors.http import Response
from lab_harness.render.architecture import MISSING, WRONG, state_of

from .helpers import aws_cli, deploy, found_alone, huge_picture, not_passed, solved

lab = load_lab("edge")
BUCKET, NAME, ROLE = lab.checks.BUCKET, "pet-edge", lab.checks.ROLE
FIRST = {
    *("site_is_there", "role_exists", "function_exists", "distribution_exists"),
}  # fmt: skip
SCRIPT = (lab.folder / "functions/pet_paths/function.js").read_text(encoding="utf-8")
PHOTOS = (lab.folder / "functions/pet_photos/lambda_function.py").read_text(encoding="utf-8")
TODAY = (lab.folder / "given/pet_today/lambda_function.py").read_text(encoding="utf-8")
SIZES = (lab.folder / "functions/pet_sizes/lambda_function.py").read_text(encoding="utf-8")
# The begin of a PNG of 60,000 x 60,000 pixels.
VAST = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\xea\x60\0\0\xea\x60\x08\0\0\0\0"
VAST += zlib.crc32(VAST[12:]).to_bytes(4) + b"\0\0\0\0IDAT\x35\xaf\x06\x1e"
OPTIMIZED, DISABLED = "658327ea-f89d-4fab-a63d-7e88639e58f6", "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_VIEWER, NOTHING = "216adef6-5c7f-47e4-b989-5492eafa07d3", {"Quantity": 0}


def listed(*items):
    return {"Quantity": len(items), "Items": list(items)}


@pytest.fixture(scope="module")
def account(emulator):
    """An account that is solved once, for tests that leave it as it was."""
    return Account(solved(lab, emulator))


class Account:
    """The solved lab, in which each `with_` makes a mistake for a while."""

    def __init__(self, clients):
        self.clients, self.cloudfront, self.s3 = clients, clients["cloudfront"], clients["s3"]
        (found,) = self.cloudfront.list_distributions()["DistributionList"]["Items"]
        self.id, self.arn, self.label = found["Id"], found["ARN"], found["DomainName"].partition(".")[0]

    def _update(self, config):
        etag = self.cloudfront.get_distribution_config(Id=self.id)["ETag"]
        self.cloudfront.update_distribution(Id=self.id, IfMatch=etag, DistributionConfig=config)

    @contextmanager
    def with_config(self, change=None, **changes):
        """The distribution with other settings."""
        before = self.cloudfront.get_distribution_config(Id=self.id)["DistributionConfig"]
        changed = copy.deepcopy(before) | changes
        if change:
            change(changed)
        self._update(changed)
        try:
            yield
        finally:
            self._update(before)

    def with_default(self, **changes):
        return self.with_config(lambda config: config["DefaultCacheBehavior"].update(changes))

    def with_origin(self, **changes):
        return self.with_config(lambda config: config["Origins"]["Items"][0].update(changes))

    def with_behavior(self, path, **changes):
        """The behavior of a path with other settings; one that is None goes."""

        def change(config):
            (found,) = [each for each in config["CacheBehaviors"]["Items"] if each["PathPattern"] == path]
            for name, value in changes.items():
                found.pop(name, None)
                found |= {} if value is None else {name: value}

        return self.with_config(change)

    def with_lambdas(self, path, *events):
        """The behavior of a path with its function at these events."""

        def change(config):
            (found,) = [each for each in config["CacheBehaviors"]["Items"] if each["PathPattern"] == path]
            one = found["LambdaFunctionAssociations"]["Items"][0]
            found["LambdaFunctionAssociations"] = listed(*[one | {"EventType": event} for event in events])

        return self.with_config(change)

    @contextmanager
    def with_second(self):
        before = self.cloudfront.get_distribution_config(Id=self.id)["DistributionConfig"]
        made = self.cloudfront.create_distribution(DistributionConfig=before | {"CallerReference": "another"})
        try:
            yield
        finally:
            id = made["Distribution"]["Id"]
            off = before | {"CallerReference": "another", "Enabled": False}
            etag = self.cloudfront.update_distribution(Id=id, IfMatch=made["ETag"], DistributionConfig=off)["ETag"]
            self.cloudfront.get_distribution(Id=id)
            self.cloudfront.delete_distribution(Id=id, IfMatch=etag)

    @contextmanager
    def with_bucket_policy(self, **changes):
        """The bucket's policy with other words; without any there is none."""
        before = self.s3.get_bucket_policy(Bucket=BUCKET)["Policy"]
        block = self.s3.get_public_access_block(Bucket=BUCKET)["PublicAccessBlockConfiguration"]
        self.s3.delete_public_access_block(Bucket=BUCKET)
        (statement,) = json.loads(before)["Statement"]
        changed = {name: value for name, value in (statement | changes).items() if value is not None}
        if changes:
            document = {"Version": "2012-10-17", "Statement": [changed]}
            self.s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(document))
        else:
            self.s3.delete_bucket_policy(Bucket=BUCKET)
        try:
            yield
        finally:
            self.s3.put_bucket_policy(Bucket=BUCKET, Policy=before)
            self.s3.put_public_access_block(Bucket=BUCKET, PublicAccessBlockConfiguration=block)

    @contextmanager
    def with_policy(self, name, **changes):
        """A cache policy by which other things count."""
        found = self.cloudfront.list_cache_policies(Type="custom")["CachePolicyList"]["Items"]
        (id,) = [p["CachePolicy"]["Id"] for p in found if p["CachePolicy"]["CachePolicyConfig"]["Name"] == name]
        told = self.cloudfront.get_cache_policy(Id=id)
        before = told["CachePolicy"]["CachePolicyConfig"]
        changed = copy.deepcopy(before)
        changed["ParametersInCacheKeyAndForwardedToOrigin"] |= changes
        etag = self.cloudfront.update_cache_policy(Id=id, IfMatch=told["ETag"], CachePolicyConfig=changed)["ETag"]
        try:
            yield
        finally:
            self.cloudfront.update_cache_policy(Id=id, IfMatch=etag, CachePolicyConfig=before)

    @contextmanager
    def with_script(self, old, new):
        """pet-paths with other code."""
        assert old in SCRIPT
        self._publish(SCRIPT.replace(old, new))
        try:
            yield
        finally:
            self._publish(SCRIPT)

    def _publish(self, source):
        config = {"Comment": "", "Runtime": "cloudfront-js-2.0"}
        there = {"Name": "pet-paths"}
        etag = self.cloudfront.describe_function(**there, Stage="DEVELOPMENT")["ETag"]
        self.cloudfront.update_function(**there, IfMatch=etag, FunctionConfig=config, FunctionCode=source.encode())
        etag = self.cloudfront.describe_function(**there, Stage="DEVELOPMENT")["ETag"]
        self.cloudfront.publish_function(**there, IfMatch=etag)

    @contextmanager
    def with_photos(self, old, new):
        """A version of pet-photos with other code, which the distribution calls."""
        assert old in PHOTOS
        deploy(self.clients, "pet-photos", PHOTOS.replace(old, new))
        version = self.clients["lambda"].publish_version(FunctionName="pet-photos")["FunctionArn"]
        called = listed({"EventType": "origin-request", "LambdaFunctionARN": version, "IncludeBody": False})
        with self.with_behavior("/img/*", LambdaFunctionAssociations=called):
            yield
        deploy(self.clients, "pet-photos", PHOTOS)

    @contextmanager
    def with_today(self, said):
        """pet-today with another answer."""
        assert "    return {" in TODAY
        deploy(self.clients, "pet-today", TODAY.replace("    return {", f"    answer = {said}\n    return {{"))
        yield
        deploy(self.clients, "pet-today", TODAY)

    @contextmanager
    def with_sizes(self, old, new, event="origin-request"):
        """A version of pet-sizes with other code, which the distribution calls."""
        assert old in SIZES
        lambda_ = self.clients["lambda"]
        lambda_.update_function_code(FunctionName="pet-sizes", ZipFile=with_pillow(SIZES.replace(old, new)))
        lambda_.get_waiter("function_updated_v2").wait(FunctionName="pet-sizes", WaiterConfig={"Delay": 0.1})
        version = lambda_.publish_version(FunctionName="pet-sizes")["FunctionArn"]
        called = listed({"EventType": event, "LambdaFunctionARN": version, "IncludeBody": False})
        with self.with_behavior("/sizes/*", LambdaFunctionAssociations=called):
            yield

    @contextmanager
    def without_permission(self, name):
        iam = self.clients["iam"]
        before = iam.get_role_policy(RoleName=ROLE, PolicyName=name)["PolicyDocument"]
        iam.delete_role_policy(RoleName=ROLE, PolicyName=name)
        try:
            yield
        finally:
            iam.put_role_policy(RoleName=ROLE, PolicyName=name, PolicyDocument=json.dumps(before))

    @contextmanager
    def with_trust(self, *services):
        iam = self.clients["iam"]
        before = iam.get_role(RoleName=ROLE)["Role"]["AssumeRolePolicyDocument"]
        changed = copy.deepcopy(before)
        changed["Statement"][0]["Principal"]["Service"] = [f"{each}.amazonaws.com" for each in services]
        iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=json.dumps(changed))
        try:
            yield
        finally:
            iam.update_assume_role_policy(RoleName=ROLE, PolicyDocument=json.dumps(before))

    @contextmanager
    def without_object(self, key):
        found = self.s3.get_object(Bucket=BUCKET, Key=key)
        body = found["Body"].read()
        self.s3.delete_object(Bucket=BUCKET, Key=key)
        try:
            yield
        finally:
            self.s3.put_object(Bucket=BUCKET, Key=key, Body=body, ContentType=found["ContentType"])

    @contextmanager
    def with_api(self, **changes):
        gateway = self.clients["apigatewayv2"]
        (api,) = gateway.get_apis()["Items"]
        gateway.update_api(ApiId=api["ApiId"], **changes)
        try:
            yield
        finally:
            gateway.update_api(ApiId=api["ApiId"], Name=api["Name"])


@cache
def pillow():
    """Pillow's files as they stand in a package."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as written:
        for file in files("pillow"):
            if ".." not in file.parts and "__pycache__" not in file.parts:
                written.write(file.locate(), file)
    return archive.getvalue()


def with_pillow(source):
    """A package of this code and Pillow."""
    archive = io.BytesIO(pillow())
    with zipfile.ZipFile(archive, "a") as written:
        written.writestr("lambda_function.py", source)
    return archive.getvalue()


def test_untouched_lab_fails_what_needs_nothing(clients):
    assert not_passed(run_checks(lab, clients)) == FIRST


def test_solved_lab_passes_and_leaves_nothing(account):
    def held():
        objects = account.s3.list_objects_v2(Bucket=BUCKET)["Contents"]
        there = account.cloudfront.list_distributions()["DistributionList"]["Items"]
        return sorted(each["Key"] for each in objects), [each["Comment"] for each in there]

    before = held()
    report = run_checks(lab, account.clients)
    assert not not_passed(report)
    assert report.complete
    assert held() == before
    assert before[1] == [NAME]


def test_closed_bucket_does_not_make_functions_absent_in_the_picture(account):
    with account.with_bucket_policy():
        report = run_checks(lab, account.clients)
    nodes = {node.id: state_of(node.checks, report) for node in lab.file.diagram.nodes}
    assert [name for name, state in nodes.items() if state is MISSING] == []
    assert nodes["cdn"] is WRONG


def lost(**changes):
    page = {"ErrorCode": 403, "ResponsePagePath": "/lost.html", "ResponseCode": "404", "ErrorCachingMinTTL": 10}
    return listed(page | changes)


def function(name, event="viewer-request"):
    return listed({"EventType": event, "FunctionARN": f"arn:aws:cloudfront::000000000000:function/{name}"})


QUERIES, COOKIES, HEADERS = "QueryStringsConfig", "CookiesConfig", "HeadersConfig"
NO_COOKIES, NO_QUERIES = {"CookieBehavior": "none"}, {"QueryStringBehavior": "none"}
# What is done to the account; the check that fails, and words of what it found.
MISTAKES = {
    "no lost page": ("without_object", ("lost.html",), {}, "site_is_there", "b/index.html"),
    "another API": ("with_api", (), {"Name": "pet-api"}, "api_is_there", "pet-api"),
    "disabled": ("with_config", (), {"Enabled": False}, "distribution_exists", "disabled"),
    "another comment": ("with_config", (), {"Comment": "pet-edges"}, "distribution_exists", "pet-edges"),
    "two of them": ("with_second", (), {}, "distribution_exists", "'pet-edge', 'pet-edge'"),
    "no root object": ("with_config", (), {"DefaultRootObject": "home.html"}, "page_is_served", "404"),
    "unsigned": ("with_origin", (), {"OriginAccessControlId": ""}, "page_is_served", "AccessDenied"),
    "a folder": ("with_origin", (), {"OriginPath": "/site"}, "page_is_served", "AccessDenied"),
    "no policy": ("with_bucket_policy", (), {}, "page_is_served", "AccessDenied"),
    "for every distribution": ("with_bucket_policy", (), {"Condition": None}, "bucket_is_closed", "200"),
    "for everybody": ("with_bucket_policy", (), {"Condition": None, "Principal": "*"}, "bucket_is_closed", "200"),
    "HTTP as well": ("with_default", (), {"ViewerProtocolPolicy": "allow-all"}, "http_leads_to_https", "200"),
    "HTTPS or nothing": ("with_default", (), {"ViewerProtocolPolicy": "https-only"}, "http_leads_to_https", "403"),
    "no page": ("with_config", (), {"CustomErrorResponses": NOTHING}, "lost_page_is_shown", "403"),
    "a page for 404": ("with_config", (), {"CustomErrorResponses": lost(ErrorCode=404)}, "lost_page_is_shown", "403"),
    "as if all were well": ("with_config", (), {"CustomErrorResponses": lost(ResponseCode="200")},
                            "lost_page_is_shown", "200"),
    "another page": ("with_config", (), {"CustomErrorResponses": lost(ResponsePagePath="/index.html")},
                     "lost_page_is_shown", "The pet shop"),
    "the API is kept": ("with_behavior", ("/api/*",), {"CachePolicyId": OPTIMIZED}, "api_is_never_cached", "2"),
    "nothing is sent on": ("with_behavior", ("/api/*",), {"OriginRequestPolicyId": None}, "api_is_never_cached",
                           "nobody"),
    "the host is sent on": ("with_behavior", ("/api/*",), {"OriginRequestPolicyId": ALL_VIEWER}, "api_is_never_cached",
                            "404"),
    "no POST": ("with_behavior", ("/api/*",), {"AllowedMethods": None}, "api_is_never_cached", "403"),
    "one path alone": ("with_behavior", ("/api/*",), {"PathPattern": "/api"}, "api_is_never_cached", "404"),
    "the bucket's": ("with_behavior", ("/api/*",), {"TargetOriginId": "site"}, "api_is_never_cached", "404"),
    "no language": ("with_policy", ("pet-today",), {COOKIES: NO_COOKIES}, "pets_and_languages_are_kept_apart", "en"),
    "no pet": ("with_policy", ("pet-today",), {QUERIES: NO_QUERIES}, "pets_and_languages_are_kept_apart", "nobody"),
    "nothing is kept": ("with_behavior", ("/today",), {"CachePolicyId": DISABLED}, "pets_and_languages_are_kept_apart",
                        "nobody"),
    "below /today": ("with_behavior", ("/today",), {"PathPattern": "/today/*"}, "pets_and_languages_are_kept_apart",
                     "404"),
    "all query strings": ("with_policy", ("pet-today",), {QUERIES: {"QueryStringBehavior": "all"}},
                          "nothing_else_counts", "Miss"),
    "all cookies": ("with_policy", ("pet-today",), {COOKIES: {"CookieBehavior": "all"}}, "nothing_else_counts", "Miss"),
    "a header": ("with_policy", ("pet-today",),
                 {HEADERS: {"HeaderBehavior": "whitelist", "Headers": listed("Accept-Language")}},
                 "nothing_else_counts", "Miss"),
    "no function": ("with_default", (), {"FunctionAssociations": NOTHING}, "paths_function_is_called", "nothing"),
    "another function": ("with_default", (), {"FunctionAssociations": function("pet-members")},
                         "paths_function_is_called", "pet-members"),
    "too late": ("with_default", (), {"FunctionAssociations": function("pet-paths", "viewer-response")},
                 "paths_function_is_called", "nothing"),
    "no slash": ("with_script", ('last === ""', "false"), {}, "folders_have_pages", "404"),
    "slash alone": ("with_script", ('!last.includes(".")', "false"), {}, "folders_have_pages", "404"),
    "files as well": ("with_script", ('!last.includes(".")', "true"), {}, "page_is_served", "404"),
    "no function after all": ("with_script", ("request.uri +=", "request.url +="), {}, "folders_have_pages", "404"),
    "another cookie": ("with_script", ("request.cookies.design", "request.cookies.Design"), {},
                       "designs_are_shown_by_cookie", "The pet shop"),
    "every design": ("with_script", (' && design.value === "b"', ""), {}, "designs_are_shown_by_cookie", "in green"),
    "no cookie, no page": ("with_script", ("design && design.value", "design.value"), {},
                           "page_is_served", "FunctionExecutionError"),
    "strangers": ("with_behavior", ("/members/*",), {"FunctionAssociations": NOTHING}, "strangers_are_refused",
                  "nothing"),
    "the other function": ("with_behavior", ("/members/*",), {"FunctionAssociations": function("pet-paths")},
                           "strangers_are_refused", "pet-paths"),
    "members of the API": ("with_behavior", ("/members/*",), {"TargetOriginId": "api"}, "members_get_in", "members/"),
    "three events": ("with_lambdas", ("/news/*", "viewer-request", "origin-request", "origin-response"), {},
                     "order_function_is_called", "origin-response"),
    "not trusted": ("with_trust", ("lambda",), {}, "order_function_is_called", "lambda.amazonaws.com"),
    "news are not kept": ("with_behavior", ("/news/*",), {"CachePolicyId": DISABLED}, "four_events_are_seen", "Miss"),
    "before the cache": ("with_lambdas", ("/img/*", "viewer-request"), {}, "photos_function_is_called",
                         "viewer-request"),
    "Accept does not count": ("with_policy", ("pet-photos",), {HEADERS: {"HeaderBehavior": "none"}},
                              "browsers_get_what_they_accept", "the JPEG"),
    "everybody gets WebP": ("with_photos", ('any("image/webp" in value for value in accepted)', "True"),
                            {}, "browsers_get_what_they_accept", "the WebP"),
    "WebP first": ("with_photos", ('"image/webp" in value', 'value.startswith("image/webp")'),
                   {}, "browsers_get_what_they_accept", "the JPEG"),
    "no sizes": ("with_behavior", ("/sizes/*",), {"LambdaFunctionAssociations": None}, "sizes_function_is_called",
                 "no Lambda functions"),
    "width does not count": ("with_policy", ("pet-sizes",), {QUERIES: NO_QUERIES}, "pictures_are_made_to_measure",
                             "400"),
    "one kind for all": ("with_policy", ("pet-sizes",), {HEADERS: {"HeaderBehavior": "none"}},
                         "pictures_are_made_to_measure", "JPEG of 80"),
    "may not read": ("without_permission", ("pictures",), {}, "pictures_are_made_to_measure", "503"),
    "WebP for everybody": ("with_sizes", ('any("image/webp" in value for value in accepted)', "True"), {},
                           "pictures_are_made_to_measure", "WEBP of 80"),
    "square": ("with_sizes", ("picture.thumbnail((int(width), picture.height))",
                              "picture = picture.resize((int(width), int(width)))"), {},
               "pictures_are_made_to_measure", "80 x 80"),
    "no base64": ("with_sizes", ('base64.b64encode(body).decode()', 'body.decode("latin-1")'), {},
                  "pictures_are_made_to_measure", "502"),
    "a black picture": ("with_sizes", ("picture.save(", "Image.new('L', picture.size).save("), {},
                        "pictures_are_made_to_measure", "something else"),
    "the begin of a picture": ("with_sizes", ('made.getvalue(), f"image', 'made.getvalue()[:800], f"image'), {},
                               "pictures_are_made_to_measure", "no whole picture"),
    "a picture that fills all memory": ("with_sizes", ("made.getvalue(), f", f"{VAST!r}, f"), {},
                                        "pictures_are_made_to_measure", "no whole picture"),
    "any width": ("with_sizes", ('width not in ("80", "160", "320")', "not width.isdecimal()"), {},
                  "other_widths_are_refused", "200"),
    "another cookie counts": ("with_policy", ("pet-today",),
                              {COOKIES: {"CookieBehavior": "whitelist", "Cookies": listed("language", "theme")}},
                              "nothing_else_counts", "Miss"),
    "another header counts": ("with_policy", ("pet-today",),
                              {HEADERS: {"HeaderBehavior": "whitelist", "Headers": listed("X-Pet")}},
                              "nothing_else_counts", "Miss"),
    "a gif is asked for": ("with_photos", ('ending == "gif"', 'ending == ".gif"'), {},
                           "gif_is_answered_without_the_origin", "404"),
    "to the gif": ("with_photos", ('f"{name}.jpg"', 'f"{name}.gif"'), {}, "gif_is_answered_without_the_origin", "301"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake_is_found_by_one_check(account, mistake):
    how, given, changes, check, words = MISTAKES[mistake]
    with getattr(account, how)(*given, **changes):
        assert words in found_alone(lab, account.clients, check)


@pytest.mark.parametrize(
    "said", ["{}", "[]", '{"path": PATH, "method": 1, "cookies": 3, "request": []}', '{"path": PATH}']
)
def test_answer_of_the_api_that_is_none_breaks_no_check(account, said):
    with account.with_today(said.replace("PATH", 'event["rawPath"]')):
        failed = not_passed(run_checks(lab, account.clients, ["api_is_never_cached", "nothing_else_counts"]))
        assert failed == {"api_is_never_cached", "pets_and_languages_are_kept_apart"}


def test_nobody_has_asked_for_what_a_check_asks_for_first():
    words = [lab.checks.probes.word() for _ in range(300)]
    assert len({*words}) == len(words)


def test_functions_see_nothing_of_a_check_that_they_do_not_see_of_the_notebook(account):
    before = "async function handler(event) {" if "async function handler" in SCRIPT else "function handler(event) {"
    shown = "Object.keys(event.request.headers).join() + event.request.headers['user-agent'].value"
    with account.with_script(before, f"{before}\n    console.log({shown});"):
        assert not not_passed(run_checks(lab, account.clients, ["folders_have_pages"]))
        host = f"https.{account.label}.cloudfront.localhost"
        endpoint = account.clients.emulator.endpoint
        headers = {"Host": f"{host}:{endpoint.rpartition(':')[2]}"}
        urllib3.request("GET", f"{endpoint}/pets/", headers=headers, redirect=False)  # as the notebook's ask() does
        group = "/aws/cloudfront/function/pet-paths"
        lines = account.clients["logs"].filter_log_events(logGroupName=group)["events"]
        assert len({line["message"].partition(" ")[2] for line in lines if "user-agent" in line["message"]}) == 1


def test_cookie_and_query_string_of_the_older_settings_count_as_well(account):
    values = {
        "QueryString": True,
        "QueryStringCacheKeys": listed("pet"),
        "Cookies": {"Forward": "whitelist", "WhitelistedNames": listed("language")},
    }
    changes = {"CachePolicyId": None, "ForwardedValues": values, "MinTTL": 0}
    with account.with_behavior("/today", **changes):
        assert not not_passed(run_checks(lab, account.clients, ["nothing_else_counts"]))


def test_photo_is_never_nearly_square():
    s3 = mock.MagicMock()
    for _ in range(50):
        with lab.checks.probes.photo(s3) as (_name, body):
            width, height = pictures.opened(body).size
            assert abs(width - height) >= 20


def test_answer_that_says_it_is_a_huge_picture_is_the_learners_mistake():
    answer = Response(200, {"content-type": "image/png"}, "", huge_picture())
    with pytest.raises(Failure, match="no whole picture, image/png"):
        lab.checks.probes.expect_picture("GET", "WEBP", 80, pictures.photo(400, 300), answer, "Look.")


def test_pictures_that_are_made_after_the_origin_was_asked_are_as_good(account):
    read = '    request = event["Records"][0]["cf"]["request"]\n'
    ours = read + '    response = event["Records"][0]["cf"]["response"]\n'
    source = SIZES.replace(read, ours).replace("return answer(", "return response | answer(")
    with account.with_sizes(SIZES, source, event="origin-response"):
        assert not not_passed(
            run_checks(lab, account.clients, ["pictures_are_made_to_measure", "other_widths_are_refused"])
        )


def test_bucket_that_may_be_listed_and_a_page_for_404_are_as_good(account):
    allowed = {
        "Action": ["s3:GetObject", "s3:ListBucket"],
        "Resource": [f"arn:aws:s3:::{BUCKET}{end}" for end in ("", "/*")],
    }
    condition = {"ArnLike": {"aws:SourceArn": account.arn}}
    with ExitStack() as stack:
        stack.enter_context(account.with_bucket_policy(**allowed, Condition=condition))
        stack.enter_context(account.with_config(CustomErrorResponses=lost(ErrorCode=404)))
        assert not not_passed(run_checks(lab, account.clients, ["lost_page_is_shown", "bucket_is_closed"]))


def test_distribution_of_the_aws_cli_is_as_good(clients):
    cli = partial(aws_cli, clients)
    cli("s3api", "create-bucket", "--bucket", BUCKET)
    site = lab.folder / "site"
    for path in site.rglob("*.*"):
        key = path.relative_to(site).as_posix()
        cli("s3api", "put-object", "--bucket", BUCKET, "--key", key, "--body", str(path))
    control = {
        "Name": "mine",
        "SigningProtocol": "sigv4",
        "SigningBehavior": "always",
        "OriginAccessControlOriginType": "s3",
    }
    asked = ("cloudfront", "create-origin-access-control", "--origin-access-control-config", json.dumps(control))
    id = json.loads(cli(*asked))["OriginAccessControl"]["Id"]
    origin = {"Id": "pages", "DomainName": f"{BUCKET}.s3.amazonaws.com", "OriginAccessControlId": id}
    config = {
        "CallerReference": "cli", "Comment": NAME, "Enabled": True, "DefaultRootObject": "index.html",
        "Origins": listed(origin | {"S3OriginConfig": {"OriginAccessIdentity": ""}}),
        "DefaultCacheBehavior": {
            "TargetOriginId": "pages", "ViewerProtocolPolicy": "redirect-to-https", "CachePolicyId": DISABLED,
        },
        "CustomErrorResponses": lost(ErrorCachingMinTTL=0),
    }  # fmt: skip
    told = json.loads(cli("cloudfront", "create-distribution", "--distribution-config", json.dumps(config)))
    statement = {
        "Effect": "Allow", "Principal": {"Service": ["cloudfront.amazonaws.com"]}, "Action": "s3:Get*",
        "Resource": f"arn:aws:s3:::{BUCKET}/*",
        "Condition": {"StringLike": {"AWS:SourceArn": told["Distribution"]["ARN"]}},
    }  # fmt: skip
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    cli("s3api", "put-bucket-policy", "--bucket", BUCKET, "--policy", document)
    wanted = ["page_is_served", "bucket_is_closed", "http_leads_to_https", "lost_page_is_shown"]
    assert not not_passed(run_checks(lab, clients, wanted))


DISTRIBUTIONS = "arn:aws:cloudfront::000000000000:distribution"
TEMPLATE = {
    "Resources": {
        "Site": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": BUCKET}},
        "Control": {
            "Type": "AWS::CloudFront::OriginAccessControl",
            "Properties": {
                "OriginAccessControlConfig": {
                    "Name": "stack", "OriginAccessControlOriginType": "s3", "SigningBehavior": "always",
                    "SigningProtocol": "sigv4",
                }
            },
        },
        "Paths": {
            "Type": "AWS::CloudFront::Function",
            "Properties": {
                "Name": "pet-paths", "AutoPublish": True, "FunctionCode": SCRIPT,
                "FunctionConfig": {"Comment": "", "Runtime": "cloudfront-js-2.0"},
            },
        },
        "Edge": {
            "Type": "AWS::CloudFront::Distribution",
            "Properties": {
                "DistributionConfig": {
                    "Comment": NAME, "Enabled": True, "DefaultRootObject": "index.html",
                    "Origins": [
                        {
                            "Id": "pages", "DomainName": {"Fn::GetAtt": ["Site", "RegionalDomainName"]},
                            "S3OriginConfig": {}, "OriginAccessControlId": {"Ref": "Control"},
                        }
                    ],
                    "DefaultCacheBehavior": {
                        "TargetOriginId": "pages", "ViewerProtocolPolicy": "redirect-to-https",
                        "CachePolicyId": OPTIMIZED,
                        "FunctionAssociations": [
                            {"EventType": "viewer-request", "FunctionARN": {"Fn::GetAtt": ["Paths", "FunctionARN"]}}
                        ],
                    },
                    "CustomErrorResponses": [
                        {"ErrorCode": 403, "ResponsePagePath": "/lost.html", "ResponseCode": 404}
                    ],
                }
            },
        },
        "Policy": {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {
                "Bucket": {"Ref": "Site"},
                "PolicyDocument": {
                    "Version": "2012-10-17",
                    "Statement": {
                        "Effect": "Allow", "Principal": {"Service": "cloudfront.amazonaws.com"},
                        "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{BUCKET}/*",
                        "Condition": {
                            "StringEquals": {
                                "AWS:SourceArn": {"Fn::Sub": f"{DISTRIBUTIONS}/${{Edge}}"}
                            }
                        },
                    },
                },
            },
        },
    }
}  # fmt: skip


def test_stack_of_cloudformation_is_as_good(clients):
    cloudformation = clients["cloudformation"]
    cloudformation.create_stack(StackName="edge", TemplateBody=json.dumps(TEMPLATE))
    cloudformation.get_waiter("stack_create_complete").wait(StackName="edge", WaiterConfig={"Delay": 0.1})
    site = lab.folder / "site"
    for path in site.rglob("*.*"):
        clients["s3"].put_object(Bucket=BUCKET, Key=path.relative_to(site).as_posix(), Body=path.read_bytes())
    wanted = ["bucket_is_closed", "http_leads_to_https", "lost_page_is_shown", "designs_are_shown_by_cookie"]
    assert not not_passed(run_checks(lab, clients, wanted))
