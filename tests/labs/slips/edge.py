"""What learners most likely do wrong in the lab edge, by check."""

import json

from tests.labs.slips.mistakes import edit, rename_function, rename_role, replaced
from tests.labs.slips.slip import Slip

BUCKET = "pet-edge-000000000000"
ALL_VIEWER = "216adef6-5c7f-47e4-b989-5492eafa07d3"
OPTIMIZED, DISABLED = "658327ea-f89d-4fab-a63d-7e88639e58f6", "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"


def listed(*items):
    return {"Quantity": len(items), "Items": list(items)} if items else {"Quantity": 0}


def the_distribution(cloudfront):
    (found,) = cloudfront.list_distributions()["DistributionList"]["Items"]
    return found


def changed(change):
    """The distribution's settings are otherwise: `change` gets them."""

    def make(clients):
        cloudfront = clients["cloudfront"]
        id = the_distribution(cloudfront)["Id"]
        told = cloudfront.get_distribution_config(Id=id)
        change(told["DistributionConfig"])
        cloudfront.update_distribution(Id=id, IfMatch=told["ETag"], DistributionConfig=told["DistributionConfig"])

    return make


def default(**settings):
    return changed(lambda config: config["DefaultCacheBehavior"].update(settings))


def behavior(path, **settings):
    """A path's behavior is otherwise; a setting that is None is forgotten."""

    def change(config):
        (found,) = [each for each in config["CacheBehaviors"]["Items"] if each["PathPattern"] == path]
        for name, value in settings.items():
            found.pop(name, None)
            found |= {} if value is None else {name: value}

    return changed(change)


def forgotten(path):
    """A path has no behavior of its own."""

    def change(config):
        others = [each for each in config["CacheBehaviors"]["Items"] if each["PathPattern"] != path]
        config["CacheBehaviors"] = listed(*others)

    return changed(change)


def before_the_rest(path):
    """A behavior for all paths stands before the others."""

    def change(config):
        everything = config["DefaultCacheBehavior"] | {"PathPattern": path}
        config["CacheBehaviors"] = listed(everything, *config["CacheBehaviors"]["Items"])

    return changed(change)


def bucket_policy(old, new):
    """The bucket's policy has another word."""

    def make(clients):
        found = clients["s3"].get_bucket_policy(Bucket=BUCKET)["Policy"]
        arn = the_distribution(clients["cloudfront"])["ARN"]
        clients["s3"].put_bucket_policy(Bucket=BUCKET, Policy=replaced(found, old.format(arn=arn), new))

    return make


def every_distribution(clients):
    """The bucket's policy lets in all distributions of the account."""
    found = clients["s3"].get_bucket_policy(Bucket=BUCKET)["Policy"]
    any_other = the_distribution(clients["cloudfront"])["ARN"].rpartition("/")[0] + "/*"
    other = replaced(found, the_distribution(clients["cloudfront"])["ARN"], any_other)
    clients["s3"].put_bucket_policy(Bucket=BUCKET, Policy=replaced(other, "StringEquals", "StringLike"))


def no_control(clients):
    """The origin access control was forgotten."""
    changed(lambda config: config["Origins"]["Items"][0].update(OriginAccessControlId=""))(clients)


def website(clients):
    """The origin is the bucket's website, which it does not have."""
    endpoint = {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "http-only"}
    origin = {
        "Id": "site",
        "DomainName": f"{BUCKET}.s3-website-us-east-1.amazonaws.com",
        "CustomOriginConfig": endpoint,
    }
    changed(lambda config: config.update(Origins=listed(origin, *config["Origins"]["Items"][1:])))(clients)


def errors(**settings):
    page = {"ErrorCode": 403, "ResponsePagePath": "/lost.html", "ResponseCode": "404", "ErrorCachingMinTTL": 10}
    return changed(lambda config: config.update(CustomErrorResponses=listed(page | settings)))


def key(name, **parameters):
    """Other things count by a cache policy."""

    def make(clients):
        cloudfront = clients["cloudfront"]
        found = cloudfront.list_cache_policies(Type="custom")["CachePolicyList"]["Items"]
        (id,) = [p["CachePolicy"]["Id"] for p in found if p["CachePolicy"]["CachePolicyConfig"]["Name"] == name]
        told = cloudfront.get_cache_policy(Id=id)
        config = told["CachePolicy"]["CachePolicyConfig"]
        config["ParametersInCacheKeyAndForwardedToOrigin"] |= parameters
        cloudfront.update_cache_policy(Id=id, IfMatch=told["ETag"], CachePolicyConfig=config)

    return make


def script(old, new):
    """The function pet-paths has another word."""

    def make(clients):
        cloudfront, there = clients["cloudfront"], {"Name": "pet-paths"}
        text = cloudfront.get_function(**there, Stage="LIVE")["FunctionCode"].read().decode()
        config = {"Comment": "", "Runtime": "cloudfront-js-2.0"}
        etag = cloudfront.describe_function(**there, Stage="DEVELOPMENT")["ETag"]
        cloudfront.update_function(
            **there, IfMatch=etag, FunctionConfig=config, FunctionCode=replaced(text, old, new).encode()
        )
        etag = cloudfront.describe_function(**there, Stage="DEVELOPMENT")["ETag"]
        cloudfront.publish_function(**there, IfMatch=etag)

    return make


def photos(old, new):
    """The handler pet-photos has another word, in a version that the behavior names."""

    def make(clients):
        edit("edge", "pet_photos", old, new)(clients)
        version = clients["lambda"].publish_version(FunctionName="pet-photos")["FunctionArn"]
        called = {"EventType": "origin-request", "LambdaFunctionARN": version, "IncludeBody": False}
        behavior("/img/*", LambdaFunctionAssociations=listed(called))(clients)

    return make


def trusts_lambda_alone(clients):
    iam = clients["iam"]
    found = json.dumps(iam.get_role(RoleName="edge-functions-role")["Role"]["AssumeRolePolicyDocument"])
    other = replaced(found, '["lambda.amazonaws.com", "edgelambda.amazonaws.com"]', '"lambda.amazonaws.com"')
    iam.update_assume_role_policy(RoleName="edge-functions-role", PolicyDocument=other)


COOKIES, QUERIES, HEADERS = "CookiesConfig", "QueryStringsConfig", "HeadersConfig"
SLIPS = {
    "site_is_there": [
        Slip("one page", lambda c: c["s3"].delete_object(Bucket=BUCKET, Key="lost.html"), "section 1"),
    ],
    "distribution_exists": [
        Slip("a capital", changed(lambda config: config.update(Comment="Pet-Edge")), "Pet-Edge", "Comment"),
        Slip("no comment", changed(lambda config: config.update(Comment="")), "''"),
    ],
    "page_is_served": [
        Slip("the website", website, "its website's endpoint"),
        Slip("unsigned", no_control, "anonymous is not authorized"),
        Slip("another action", bucket_policy("s3:GetObject", "s3:GetObjectAcl"), "s3:GetObject"),
        Slip("another distribution", bucket_policy("{arn}", "arn:aws:cloudfront::000000000000:distribution/E2"), "403"),
    ],
    "bucket_is_closed": [
        Slip("every distribution", every_distribution, "AWS:SourceArn"),
    ],
    "http_leads_to_https": [
        Slip("as before", default(ViewerProtocolPolicy="allow-all"), "200", "ViewerProtocolPolicy"),
        Slip("refused", default(ViewerProtocolPolicy="https-only"), "403", "ViewerProtocolPolicy"),
    ],
    "lost_page_is_shown": [
        Slip("for 404", errors(ErrorCode=404), "403", "as long as nobody may list"),
        Slip("another page", errors(ResponsePagePath="/lost"), "403"),
    ],
    "api_is_never_cached": [
        Slip("forgotten", forgotten("/api/*"), "404", "put_behavior", never=["lab.logs"]),
        Slip("kept", behavior("/api/*", CachePolicyId=OPTIMIZED), "CACHING_DISABLED"),
        Slip("cookies are not sent", behavior("/api/*", OriginRequestPolicyId=None), "ALL_VIEWER_EXCEPT_HOST"),
        Slip("the viewer's Host", behavior("/api/*", OriginRequestPolicyId=ALL_VIEWER), "404", "the viewer's Host"),
        Slip("another path comes first", before_the_rest("/api*"), "404"),
    ],
    "pets_and_languages_are_kept_apart": [
        Slip("forgotten", forgotten("/today"), "put_behavior"),
        Slip("nothing is kept", behavior("/today", CachePolicyId=DISABLED), "put_policy"),
        Slip("the pet alone", key("pet-today", **{COOKIES: {"CookieBehavior": "none"}}), "put_policy"),
    ],
    "nothing_else_counts": [
        Slip("all cookies", key("pet-today", **{COOKIES: {"CookieBehavior": "all"}}), "another cookie", "Miss"),
        Slip(
            "all query strings", key("pet-today", **{QUERIES: {"QueryStringBehavior": "all"}}), "another query string"
        ),
    ],
    "paths_function_is_called": [
        Slip("forgotten", default(FunctionAssociations=listed()), "nothing", "FunctionAssociations"),
    ],
    "folders_have_pages": [
        Slip("no slash before it", script('"/index.html";', '"index.html";'), "404", "Section 7"),
        Slip("a name that nobody has", script("request.uri +=", "request.uri = uri +"), "is published"),
        Slip("a slash too much", script('+= "index.html"', '+= "/index.html"'), "404", "Section 7"),
    ],
    "designs_are_shown_by_cookie": [
        Slip("another value", script('=== "b"', '=== "B"'), "The pet shop", "cookies.design.value"),
        Slip("not the value", script("design.value ===", "design ==="), "The pet shop", "cookies.design.value"),
    ],
    "strangers_are_refused": [
        Slip("forgotten", forgotten("/members/*"), "Section 9"),
        Slip("no function", behavior("/members/*", FunctionAssociations=None), "nothing", "Section 9"),
    ],
    "members_get_in": [
        Slip("the other origin", behavior("/members/*", TargetOriginId="api"), "the site's"),
    ],
    "order_function_is_called": [
        Slip("forgotten", forgotten("/news/*"), "no Lambda functions", "LambdaFunctionAssociations"),
        Slip("Lambda alone", trusts_lambda_alone, "edgelambda.amazonaws.com"),
    ],
    "photos_function_is_called": [
        Slip("forgotten", forgotten("/img/*"), "no Lambda functions", "publish_version"),
    ],
    "browsers_get_what_they_accept": [
        Slip(
            "Accept does not count",
            key("pet-photos", **{HEADERS: {"HeaderBehavior": "none"}}),
            "the JPEG",
            "the policy of /img/* names it",
        ),
        Slip("the key is a capital", photos('get("accept"', 'get("Accept"'), "the JPEG", "table of section 11"),
        Slip("the name is lost", photos('f"{name}.webp"', '".webp"'), "Lambda", "lab.logs()"),
    ],
    "gif_is_answered_without_the_origin": [
        Slip("no list", photos('[{"key": "Location", "value": f"{name}.jpg"}]', 'f"{name}.jpg"'), "lab.logs()"),
    ],
    "pictures_are_made_to_measure": [
        Slip(
            "the width does not count",
            key("pet-sizes", **{QUERIES: {"QueryStringBehavior": "none"}}),
            "400",
            "names Accept and width",
        ),
    ],
    "role_exists": [
        Slip("another name", rename_role("edge-functions-role", "edge-function-role"), "edge-function-role is nearly"),
    ],
    "function_exists": [
        Slip("another name", rename_function("pet-today", "pets-today"), "pets-today is nearly"),
    ],
}
