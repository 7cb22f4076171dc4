"""Amazon SQS and SNS: queues, and topics that lead to them."""
