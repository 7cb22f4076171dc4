"""What can be wrong with how a call is signed, in AWS's words."""

from typing import NamedTuple


class Fault(NamedTuple):
    """Why a call is refused: AWS's error code, and its message. If the message is empty, ours is used."""

    code: str
    message: str = ""


UNSIGNED = Fault("MissingAuthenticationToken")
OLD_HEADER = Fault(
    "UnsupportedSignature",
    "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
)
UNKNOWN_KEY = Fault("UnrecognizedClientException")
EXPIRED_TOKEN = Fault("ExpiredTokenException", "The security token included in the request is expired")
MISMATCH = Fault("SignatureDoesNotMatch")
MALFORMED = Fault("SignatureDoesNotMatch", "The signature's date, or how long it is good, is malformed.")
TOO_LONG = Fault(  # S3's words, the only service whose links anybody is given
    "AuthorizationQueryParametersError",
    "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 "
    "seconds",
)
EXPIRED = Fault("RequestExpired", "Request has expired")
WRONG_SERVICE = Fault("SignatureDoesNotMatch", "Credential should be scoped to correct service.")
ADDED_HEADERS = Fault("SignatureDoesNotMatch", "There were headers present in the request which were not signed.")
ADDED_PARAMETERS = Fault("SignatureDoesNotMatch", "There were parameters present in the link which were not signed.")
CHANGED_BODY = Fault("SignatureDoesNotMatch", "The body is not the one that x-amz-content-sha256 was made of.")
