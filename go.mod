module github.com/upstreamauth/upstreamauth

go 1.21

require github.com/hashicorp/golang-lru v1.0.2
