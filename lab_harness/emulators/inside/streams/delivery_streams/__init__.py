"""Firehose's streams to S3 as on AWS: they collect records for a time or a size, and write them as one object.

MiniStack writes each record at once, compresses nothing, and drops what its function could not transform, or lets it
pass untouched. `buffers` collect, `transforming` has the function change records, `objects` writes; `settings` refuse
what AWS does. Each is done with the stream's role, as far as that allows.
https://docs.aws.amazon.com/firehose/latest/dev/basic-deliver.html (2026)
"""

from lab_harness.emulators.inside.streams.delivery_streams import buffers, settings


def install() -> None:
    """Change MiniStack's Firehose, and Kinesis for streams that it feeds. It takes effect when they are imported."""
    settings.install()
    buffers.install()
