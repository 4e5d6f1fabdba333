# The embedded emulator. What it lacks is turned off here by its own variable.
environment         = "local"
restrict_sender     = false # its IAM doesn't know ses:FromAddress
publish_versions    = false # new code is live at once
wait_for_deployment = false # its CloudFront has no places to wait for
mail_feedback       = false # its SES tells nobody of bounces
mail_return_path    = null  # nor knows it MAIL FROM
wait_for_mail_proof = false # nor looks for records
secrets             = ["user-service", "analytics", "crm"]

# Every kind of alarm but those that CloudWatch has to learn; and no saved queries.
alarms               = "all"
alarm_emails         = ["alarms@vestibule.example"]
budget               = 20
invocation_anomalies = false
saved_queries        = false
