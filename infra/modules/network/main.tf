# What calls from inside the network reach AWS by, without a way out to the internet.
resource "aws_security_group" "endpoints" {
  name        = "${var.prefix}-endpoints"
  description = "Endpoints of AWS services, for the functions alone."
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "endpoints" {
  for_each = toset(var.caller_group_ids)

  security_group_id            = aws_security_group.endpoints.id
  description                  = "TLS from the functions."
  referenced_security_group_id = each.key
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

data "aws_subnet" "this" {
  for_each = toset(var.subnet_ids)

  id = each.key
}

locals {
  # An endpoint stands once in a zone.
  subnets_by_zone = { for id, subnet in data.aws_subnet.this : subnet.availability_zone => id... }
}

resource "aws_vpc_endpoint" "service" {
  for_each = var.services

  vpc_id              = var.vpc_id
  service_name        = "com.amazonaws.${var.region}.${each.key}"
  vpc_endpoint_type   = "Interface"
  subnet_ids          = [for ids in values(local.subnets_by_zone) : sort(ids)[0]]
  security_group_ids  = [aws_security_group.endpoints.id]
  private_dns_enabled = true

  tags = { Name = "${var.prefix}-${each.key}" }
}

# Free of charge, as the others are not.
resource "aws_vpc_endpoint" "table" {
  vpc_id            = var.vpc_id
  service_name      = "com.amazonaws.${var.region}.dynamodb"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = var.route_table_ids

  tags = { Name = "${var.prefix}-dynamodb" }
}
