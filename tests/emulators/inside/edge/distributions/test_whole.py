"""Tests for a distribution's settings as AWS tells them."""

from tests.emulators.inside.edge.distributions.distributions import behavior, bucket_origin, custom_origin

NONE = {"Quantity": 0}


def told(viewer):
    return viewer.cloudfront.get_distribution_config(Id=viewer.distribution["Id"])["DistributionConfig"]


def test_what_nobody_has_said_is_told_at_aws_defaults(site):
    found = told(site)
    assert found["CacheBehaviors"] == found["CustomErrorResponses"] == found["Aliases"] == found["OriginGroups"] == NONE
    assert (found["PriceClass"], found["HttpVersion"], found["Staging"]) == ("PriceClass_All", "http2", False)
    assert found["Restrictions"]["GeoRestriction"] == {"RestrictionType": "none", "Quantity": 0}
    assert found["ViewerCertificate"]["CloudFrontDefaultCertificate"]
    default = found["DefaultCacheBehavior"]
    assert default["FunctionAssociations"] == default["LambdaFunctionAssociations"] == NONE
    assert default["TrustedKeyGroups"] == {"Enabled": False, "Quantity": 0}
    (origin,) = found["Origins"]["Items"]
    assert (origin["ConnectionAttempts"], origin["ConnectionTimeout"], origin["OriginPath"]) == (3, 10, "")


def test_what_somebody_has_said_stays(site):
    origins = [bucket_origin(), custom_origin("shop.example", ConnectionAttempts=1)]
    site.make(origins, behavior(), [behavior("api", PathPattern="/api", Compress=True)], PriceClass="PriceClass_100")
    found = told(site)
    (api,) = found["CacheBehaviors"]["Items"]
    assert (api["PathPattern"], api["Compress"], api["SmoothStreaming"]) == ("/api", True, False)
    assert (found["PriceClass"], found["CacheBehaviors"]["Quantity"]) == ("PriceClass_100", 1)
    custom = found["Origins"]["Items"][1]
    assert (custom["ConnectionAttempts"], custom["CustomOriginConfig"]["OriginReadTimeout"]) == (1, 30)


def test_what_is_told_is_taken_as_it_is(site):
    before = told(site)
    site.change()
    assert told(site) == before
    assert site.cloudfront.get_distribution(Id=site.distribution["Id"])["Distribution"]["DistributionConfig"] == before
    assert site.seen("/about.html") == (200, "Miss")
