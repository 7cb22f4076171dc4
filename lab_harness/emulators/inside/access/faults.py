"""What can be wrong with how a call is signed, in AWS's words."""

from typing import NamedTuple


class Refused(NamedTuple):
    """Why a call is refused: AWS's error code, and its message. If the message is empty, ours is used."""

    code: str
    message: str = ""


UNSIGNED = Refused("MissingAuthenticationToken")
OLD_HEADER = Refused(
    "UnsupportedSignature",
    "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
)
UNKNOWN_KEY = Refused("UnrecognizedClientException")
EXPIRED_TOKEN = Refused("ExpiredTokenException", "The security token included in the request is expired")
MISMATCH = Refused("SignatureDoesNotMatch")
MALFORMED = Refused("SignatureDoesNotMatch", "The signature's date, or how long it is good, is malformed.")
TOO_LONG = Refused(  # S3's words, the only service whose links anybody is given
    "AuthorizationQueryParametersError",
    "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 "
    "seconds",
)
EXPIRED = Refused("RequestExpired", "Request has expired")
WRONG_SERVICE = Refused("SignatureDoesNotMatch", "Credential should be scoped to correct service.")
ADDED_HEADERS = Refused("SignatureDoesNotMatch", "There were headers present in the request which were not signed.")
ADDED_PARAMETERS = Refused("SignatureDoesNotMatch", "There were parameters present in the link which were not signed.")
CHANGED_BODY = Refused("SignatureDoesNotMatch", "The body is not the one that x-amz-content-sha256 was made of.")
