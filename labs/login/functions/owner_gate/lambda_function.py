import boto3

cognito = boto3.client("cognito-idp")
THROWAWAY = {"throwaway.example", "ten-minutes.example"}


def lambda_handler(event, context):
    email = event["request"]["userAttributes"].get("email", "")
    domain = email.rpartition("@")[2].lower()
    if event["triggerSource"] == "PreSignUp_SignUp" and domain in THROWAWAY:
        raise ValueError("Please sign up with an address that you keep")
    if event["triggerSource"] == "PostConfirmation_ConfirmSignUp":
        cognito.admin_add_user_to_group(UserPoolId=event["userPoolId"], Username=event["userName"], GroupName="owners")
    return event
