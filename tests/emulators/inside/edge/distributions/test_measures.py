"""Tests for what CloudWatch knows of distributions."""

from datetime import timedelta

import pytest
from botocore.exceptions import ClientError

from tests.emulators.inside.edge.distributions.distributions import behavior

ENABLED = {"RealtimeMetricsSubscriptionConfig": {"RealtimeMetricsSubscriptionStatus": "Enabled"}}


def statistic(viewer, metric, which):
    """One statistic of a metric over all minutes; None where there is none."""
    dimensions = [
        {"Name": "DistributionId", "Value": viewer.distribution["Id"]},
        {"Name": "Region", "Value": "Global"},
    ]
    changed = viewer.cloudfront.get_distribution(Id=viewer.distribution["Id"])["Distribution"]["LastModifiedTime"]
    found = viewer.clients["cloudwatch"].get_metric_statistics(
        Namespace="AWS/CloudFront", MetricName=metric, Dimensions=dimensions, Statistics=[which], Period=3600,
        StartTime=changed - timedelta(hours=1), EndTime=changed + timedelta(hours=1),
    )["Datapoints"]  # fmt: skip
    return sum(each[which] for each in found) / (len(found) if which == "Average" else 1) if found else None


def test_requests_bytes_and_errors_are_counted(site):
    for path in ("/about.html", "/about.html", "/about.html", "/nothing.html"):
        site.ask(path)
    assert statistic(site, "Requests", "Sum") == 4
    assert statistic(site, "4xxErrorRate", "Average") == statistic(site, "TotalErrorRate", "Average") == 25
    assert statistic(site, "5xxErrorRate", "Average") == 0
    assert statistic(site, "BytesDownloaded", "Sum") > 3 * len("this is about.html")
    assert statistic(site, "BytesUploaded", "Sum") == 0


def test_hits_are_counted_where_that_is_asked_for(site):
    for path in ("/about.html", "/about.html", "/about.html", "/index.html", "/nothing.html"):
        site.ask(path)
    assert statistic(site, "CacheHitRate", "Average") is None
    create = site.cloudfront.create_monitoring_subscription
    create(DistributionId=site.distribution["Id"], MonitoringSubscription=ENABLED)
    assert statistic(site, "CacheHitRate", "Average") == 50
    assert statistic(site, "403ErrorRate", "Average") == 20
    with pytest.raises(ClientError, match="MonitoringSubscriptionAlreadyExists"):
        create(DistributionId=site.distribution["Id"], MonitoringSubscription=ENABLED)


def test_of_a_request_for_the_headers_no_body_is_counted(site):
    site.ask("/about.html")
    before = statistic(site, "BytesDownloaded", "Sum")
    assert site.seen("/about.html", method="HEAD") == (200, "Hit")
    assert (statistic(site, "Requests", "Sum"), statistic(site, "BytesDownloaded", "Sum")) == (2, before)


def test_what_a_viewer_sends_is_counted(api):
    viewer = api(methods=("GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"))
    viewer.ask("/", method="POST", body=b"12345")
    assert (statistic(viewer, "BytesUploaded", "Sum"), statistic(viewer, "BytesDownloaded", "Sum")) == (5, 0)


def test_each_distribution_counts_for_itself_and_none_that_is_gone(site):
    site.ask("/about.html")
    first = dict(site.distribution)
    site.make(
        site.cloudfront.get_distribution_config(Id=first["Id"])["DistributionConfig"]["Origins"]["Items"], behavior()
    )
    assert statistic(site, "Requests", "Sum") is None
    listed = site.clients["cloudwatch"].list_metrics(Namespace="AWS/CloudFront", MetricName="Requests")["Metrics"]
    assert [first["Id"] in str(each) for each in listed] == [True]
