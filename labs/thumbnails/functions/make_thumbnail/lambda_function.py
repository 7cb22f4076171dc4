"""Makes a thumbnail of each uploaded photo, and notes the photo in a table."""

import hashlib
import io
from urllib.parse import unquote_plus

import boto3
from PIL import Image  # from the layer

LONGEST = 128  # pixels of a thumbnail's longest side
s3, dynamodb = boto3.client("s3"), boto3.client("dynamodb")


def lambda_handler(event, context):
    """Handle the photos of an event of S3's."""
    for record in event["Records"]:
        bucket = record["s3"]["bucket"]["name"]
        key = unquote_plus(record["s3"]["object"]["key"])  # S3 writes a space as +, an umlaut as %C3%A4
        print("photo", key)
        make_thumbnail(bucket, key)


def make_thumbnail(bucket, key):
    """Write the thumbnail of in/NAME to out/NAME, and note the photo under its key."""
    photo = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    image = Image.open(io.BytesIO(photo))  # raises UnidentifiedImageError for what is no image
    width, height = image.size
    image.thumbnail((LONGEST, LONGEST))  # keeps the proportions, and never enlarges
    small = io.BytesIO()
    image.save(small, image.format)
    s3.put_object(Bucket=bucket, Key="out/" + key.removeprefix("in/"), Body=small.getvalue())
    dynamodb.put_item(
        TableName="PetPhotos",
        Item={
            "key": {"S": key},
            "width": {"N": str(width)},
            "height": {"N": str(height)},
            "bytes": {"N": str(len(photo))},
            "sha256": {"S": hashlib.sha256(photo).hexdigest()},
        },
    )
