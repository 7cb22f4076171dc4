"""What hostile submissions in the tests share: cells that make functions, and what an attack found out."""

from tests.roles import EVERYTHING, SERVICES, policy, trust

# What makes the role x, which may do everything for all services.
ROLE = f"""
    import boto3
    roles = boto3.client("iam")
    roles.create_role(RoleName="x", AssumeRolePolicyDocument={trust(*SERVICES)!r})
    roles.put_role_policy(RoleName="x", PolicyName="everything", PolicyDocument={policy(EVERYTHING)!r})
    """

FUNCTIONS = (
    ROLE
    + """
    import boto3, io, json, stat, zipfile, textwrap
    iam, lambda_ = boto3.client("iam"), boto3.client("lambda")
    def zipped(source, **links):
        code = io.BytesIO()
        with zipfile.ZipFile(code, "w") as archive:
            for name, target in links.items():
                link = zipfile.ZipInfo(name)
                link.external_attr = (stat.S_IFLNK | 0o777) << 16
                archive.writestr(link, target)
            archive.writestr("lambda_function.py", textwrap.dedent(source))
        return code.getvalue()
    def make(name, source, **settings):
        lambda_.create_function(FunctionName=name, Runtime="python3.13", Handler="lambda_function.lambda_handler",
            Role="arn:aws:iam::000000000000:role/x", Code={"ZipFile": zipped(source)}, **settings)
        lambda_.get_waiter("function_active_v2").wait(FunctionName=name)
    def ask(name):
        return json.load(lambda_.invoke(FunctionName=name, Payload=b"{}")["Payload"])
    """
)

HELLO = """
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service":
        "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
    iam.create_role(RoleName="hello-world-role", AssumeRolePolicyDocument=json.dumps(trust))
    """


def said(grade):
    """What the attack's last cell found out, which it tells by its error."""
    return grade.cell_errors[-1].error if grade.cell_errors else None
