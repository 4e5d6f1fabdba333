output "endpoint_ids" {
  description = "Endpoints by service."
  value       = merge({ for key, endpoint in aws_vpc_endpoint.service : key => endpoint.id }, { dynamodb = aws_vpc_endpoint.table.id })
}
