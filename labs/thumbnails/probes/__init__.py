"""What the checks of thumbnails upload, await and read: names that they share."""

BUCKET, TABLE, FAILED = "pet-photos-000000000000", "PetPhotos", "thumbnail-failed"
MAKE, PAGE, TIDY = "make-thumbnail", "photo-page", "tidy-photos"
IN, OUT = "in/", "out/"
QUICKLY = 15  # seconds: an upload, a cold start and the way back
DEPLOY = "Deploy the function again after a change of its code."


def thumbnail_of(key):
    return OUT + key.removeprefix(IN)
