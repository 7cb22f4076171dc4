"""The actions that make, change and delete a resource of a type that `kinds` does not name.

Most are called after the type: `CreateWidget`. The others are those of the types' handlers in CloudFormation's schemas.
https://docs.aws.amazon.com/cloudformation-cli/latest/userguide/resource-type-schema.html#schema-properties-handlers and
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
(2026)
"""

# How IAM names services that it does not name as templates do, in small letters.
IAMS = {
    "ApiGateway": "apigateway", "ApiGatewayV2": "apigateway", "CertificateManager": "acm", "Cognito": "cognito-idp",
    "DocDB": "rds", "EFS": "elasticfilesystem", "ElasticLoadBalancingV2": "elasticloadbalancing",
    "KinesisAnalyticsV2": "kinesisanalytics", "Location": "geo", "OpenSearchService": "es", "S3ObjectLambda": "s3",
}  # fmt: skip
MODIFIES = {"DocDB", "EC2", "ElastiCache", "ElasticLoadBalancingV2", "RDS"}  # where others update
FOR_OBJECT_LAMBDA = (
    "CreateAccessPointForObjectLambda PutAccessPointConfigurationForObjectLambda DeleteAccessPointForObjectLambda"
)
OTHERS = {
    "AppConfig::Deployment": "StartDeployment StartDeployment StopDeployment",
    "AppSync::FunctionConfiguration": "CreateFunction UpdateFunction DeleteFunction",
    "AppSync::GraphQLSchema": "StartSchemaCreation StartSchemaCreation StartSchemaCreation",
    "AutoScaling::LifecycleHook": "PutLifecycleHook PutLifecycleHook DeleteLifecycleHook",
    "AutoScaling::ScalingPolicy": "PutScalingPolicy PutScalingPolicy DeletePolicy",
    "AutoScaling::ScheduledAction": "PutScheduledUpdateGroupAction PutScheduledUpdateGroupAction DeleteScheduledAction",
    "Backup::BackupVault": "CreateBackupVault PutBackupVaultAccessPolicy DeleteBackupVault",
    "CertificateManager::Certificate": "RequestCertificate UpdateCertificateOptions DeleteCertificate",
    "CloudWatch::Dashboard": "PutDashboard PutDashboard DeleteDashboards",
    "Cognito::UserPoolResourceServer": "CreateResourceServer UpdateResourceServer DeleteResourceServer",
    "EC2::InternetGateway": "CreateInternetGateway CreateTags DeleteInternetGateway",
    "EC2::Route": "CreateRoute ReplaceRoute DeleteRoute",
    "EC2::RouteTable": "CreateRouteTable CreateTags DeleteRouteTable",
    "EC2::SecurityGroup": "CreateSecurityGroup AuthorizeSecurityGroupIngress DeleteSecurityGroup",
    "EC2::Subnet": "CreateSubnet ModifySubnetAttribute DeleteSubnet",
    "EC2::SubnetRouteTableAssociation": "AssociateRouteTable ReplaceRouteTableAssociation DisassociateRouteTable",
    "EC2::VPC": "CreateVpc ModifyVpcAttribute DeleteVpc",
    "EC2::VPCEndpoint": "CreateVpcEndpoint ModifyVpcEndpoint DeleteVpcEndpoints",
    "EC2::VPCGatewayAttachment": "AttachInternetGateway AttachInternetGateway DetachInternetGateway",
    "ECR::Repository": "CreateRepository PutLifecyclePolicy DeleteRepository",
    "ECS::TaskDefinition": "RegisterTaskDefinition RegisterTaskDefinition DeregisterTaskDefinition",
    "EFS::AccessPoint": "CreateAccessPoint TagResource DeleteAccessPoint",
    "EFS::MountTarget": "CreateMountTarget ModifyMountTargetSecurityGroups DeleteMountTarget",
    "EKS::Cluster": "CreateCluster UpdateClusterConfig DeleteCluster",
    "EKS::Nodegroup": "CreateNodegroup UpdateNodegroupConfig DeleteNodegroup",
    "ElastiCache::ParameterGroup": "CreateCacheParameterGroup ModifyCacheParameterGroup DeleteCacheParameterGroup",
    "ElastiCache::SubnetGroup": "CreateCacheSubnetGroup ModifyCacheSubnetGroup DeleteCacheSubnetGroup",
    "ElasticLoadBalancingV2::ListenerRule": "CreateRule ModifyRule DeleteRule",
    "ElasticLoadBalancingV2::LoadBalancer": "CreateLoadBalancer ModifyLoadBalancerAttributes DeleteLoadBalancer",
    "IoT::CACertificate": "RegisterCACertificate UpdateCACertificate DeleteCACertificate",
    "IoT::Certificate": "CreateCertificateFromCsr UpdateCertificate DeleteCertificate",
    "IoT::Policy": "CreatePolicy CreatePolicyVersion DeletePolicy",
    "IoT::PolicyPrincipalAttachment": "AttachPolicy AttachPolicy DetachPolicy",
    "IoT::ThingPrincipalAttachment": "AttachThingPrincipal AttachThingPrincipal DetachThingPrincipal",
    "IoT::TopicRule": "CreateTopicRule ReplaceTopicRule DeleteTopicRule",
    "KMS::Key": "CreateKey PutKeyPolicy ScheduleKeyDeletion",
    "KinesisAnalyticsV2::ApplicationCloudWatchLoggingOption": "AddApplicationCloudWatchLoggingOption "
    "UpdateApplication DeleteApplicationCloudWatchLoggingOption",
    "Lambda::LayerVersionPermission": "AddLayerVersionPermission AddLayerVersionPermission "
    "RemoveLayerVersionPermission",
    "Logs::LogStream": "CreateLogStream CreateLogStream DeleteLogStream",
    "Logs::ResourcePolicy": "PutResourcePolicy PutResourcePolicy DeleteResourcePolicy",
    "OpenSearchService::Domain": "CreateDomain UpdateDomainConfig DeleteDomain",
    "Route53::HostedZone": "CreateHostedZone UpdateHostedZoneComment DeleteHostedZone",
    "Route53::RecordSet": "ChangeResourceRecordSets ChangeResourceRecordSets ChangeResourceRecordSets",
    "S3::AccessPoint": "CreateAccessPoint PutAccessPointPolicy DeleteAccessPoint",
    "S3ObjectLambda::AccessPoint": FOR_OBJECT_LAMBDA,
    "S3ObjectLambda::AccessPointPolicy": "PutAccessPointPolicyForObjectLambda PutAccessPointPolicyForObjectLambda "
    "DeleteAccessPointPolicyForObjectLambda",
    "S3Tables::Table": "CreateTable PutTableMaintenanceConfiguration DeleteTable",
    "S3Tables::TableBucket": "CreateTableBucket PutTableBucketEncryption DeleteTableBucket",
    "SES::EmailIdentity": "CreateEmailIdentity PutEmailIdentityDkimAttributes DeleteEmailIdentity",
    "SSM::Parameter": "PutParameter PutParameter DeleteParameter",
    "Scheduler::ScheduleGroup": "CreateScheduleGroup TagResource DeleteScheduleGroup",
    "SecretsManager::SecretTargetAttachment": "UpdateSecret UpdateSecret UpdateSecret",
    "ServiceDiscovery::HttpNamespace": "CreateHttpNamespace UpdateHttpNamespace DeleteNamespace",
    "ServiceDiscovery::Instance": "RegisterInstance RegisterInstance DeregisterInstance",
    "ServiceDiscovery::PrivateDnsNamespace": "CreatePrivateDnsNamespace UpdatePrivateDnsNamespace DeleteNamespace",
    "ServiceDiscovery::PublicDnsNamespace": "CreatePublicDnsNamespace UpdatePublicDnsNamespace DeleteNamespace",
    "Signer::ProfilePermission": "AddProfilePermission AddProfilePermission RemoveProfilePermission",
    "Signer::SigningProfile": "PutSigningProfile PutSigningProfile CancelSigningProfile",
}


def actions(service: str, thing: str) -> str:
    """IAM's name of a service, and what makes, changes and deletes such a thing in it: "ssm:PutParameter …"."""
    change = "Modify" if service in MODIFIES else "Update"
    usual = "POST PATCH DELETE" if "ApiGateway" in service else f"Create{thing} {change}{thing} Delete{thing}"
    return f"{IAMS.get(service, service.lower())}:{OTHERS.get(f'{service}::{thing}', usual)}"
