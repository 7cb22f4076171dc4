"""Amazon Kinesis and Data Firehose."""
