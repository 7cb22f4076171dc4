"""What the tests of Cognito share: a user pool with a client, its users, and what is sent to them."""

import base64
import json
import re

PASSWORD = "Correct-horse-9"
FLOWS = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]


class Owners:
    """A user pool with one app client, by clients of an account."""

    def __init__(self, clients, **settings):
        self.idp = clients["cognito-idp"]
        made = self.idp.create_user_pool(PoolName="owners", **{"AutoVerifiedAttributes": ["email"]} | settings)
        self.pool, self.arn = made["UserPool"]["Id"], made["UserPool"]["Arn"]
        self.client = self.new_client()

    def new_client(self, **settings):
        asked = {"ClientName": "site", "ExplicitAuthFlows": FLOWS} | settings
        return self.idp.create_user_pool_client(UserPoolId=self.pool, **asked)["UserPoolClient"]["ClientId"]

    def sign_up(self, name="ana", password=PASSWORD, **attributes):
        attributes = attributes or {"email": f"{name}@example.com"}
        given = [{"Name": key, "Value": value} for key, value in attributes.items()]
        return self.idp.sign_up(ClientId=self.client, Username=name, Password=password, UserAttributes=given)

    def confirm(self, code, name="ana"):
        return self.idp.confirm_sign_up(ClientId=self.client, Username=name, ConfirmationCode=code)

    def add(self, name="ana", password=PASSWORD, **attributes):
        """A confirmed user, made by the administrator."""
        given = [{"Name": key, "Value": value} for key, value in attributes.items()]
        self.idp.admin_create_user(UserPoolId=self.pool, Username=name, MessageAction="SUPPRESS", UserAttributes=given)
        self.idp.admin_set_user_password(UserPoolId=self.pool, Username=name, Password=password, Permanent=True)

    def sign_in(self, name="ana", password=PASSWORD):
        given = {"USERNAME": name, "PASSWORD": password}
        return self.idp.initiate_auth(ClientId=self.client, AuthFlow="USER_PASSWORD_AUTH", AuthParameters=given)

    def tokens(self, name="ana", password=PASSWORD):
        return self.sign_in(name, password)["AuthenticationResult"]

    def status(self, name="ana"):
        return self.idp.admin_get_user(UserPoolId=self.pool, Username=name)["UserStatus"]


def claims(token):
    """What a JWT says, which anybody may read."""
    return json.loads(decoded(token.split(".")[1]))


def decoded(part):
    """The bytes of a part of a JWT, or of a key."""
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def code_in(mail):
    return re.search(r"\d{6}", mail.text)[0]


def another(code):
    return f"{(int(code) + 1) % 1_000_000:06}"
