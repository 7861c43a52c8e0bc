package refusals

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// TestCalls: a client of gRPC, through Traefik to a server of gRPC, gets gRPC's own
// codes and the API's own text, for single calls and for streams.
func TestCalls(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	grpc_health_v1.RegisterHealthServer(server, health.NewServer())
	go func() { _ = server.Serve(listener) }()
	defer server.Stop()

	s := newSite(t)
	down := map[string]any{"bearer": map[string]any{"api": "ippanel", "url": "http://127.0.0.1:1"}}
	s.serve("h2c://"+listener.Addr().String(), map[string]map[string]any{
		"app": s.block(nil), "down": down, "fault": {"bearer": "nonsense"},
		"required": s.block(map[string]any{"identity": map[string]any{"require": map[string]any{"user": "sara"}}}),
		"limited":  s.block(map[string]any{"limits": map[string]any{"perClient": "1/1h"}}),
	})
	good, bad := s.api.IssueToken("ali"), "00000000000000000000000000000000"
	another := "00000000000000000000000000000001"
	const wrong = "اطلاعات وارد شده صحیح نمی باشد"
	for _, c := range []struct {
		name, route, token string
		code               codes.Code
		message            string
	}{
		{"allowed", "app", good, codes.OK, ""},
		{"nothing sent", "app", "", codes.Unauthenticated, wrong},
		{"a wrong token", "app", bad, codes.Unauthenticated, wrong},
		{"malformed", "app", "a b", codes.InvalidArgument, "The credential is malformed."},
		{"a value is required", "required", good, codes.PermissionDenied, "Not authorized to access the resource."},
		{"an outage", "down", bad, codes.Unavailable, "The authentication service could not be asked. Try again later."},
		{"a configuration fault", "fault", good, codes.Unavailable, "configuration fault"},
		{"too many", "limited", another, codes.ResourceExhausted, "Too many requests."},
	} {
		t.Run(c.name, func(t *testing.T) {
			connection, err := grpc.NewClient("passthrough:///"+strings.TrimPrefix(s.server.URL, "http://"),
				grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithAuthority(c.route+".example.com"))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = connection.Close() }()
			client := grpc_health_v1.NewHealthClient(connection)
			if c.route == "limited" {
				_ = check(t, client, "00000000000000000000000000000002")
			}
			for range 3 {
				for _, err := range []error{check(t, client, c.token), watch(t, client, c.token)} {
					if got := status.Convert(err); got.Code() != c.code || !strings.HasPrefix(got.Message(), c.message) {
						t.Errorf("%s %q, want %s %q", got.Code(), got.Message(), c.code, c.message)
					}
				}
			}
		})
	}
}

func calling(t *testing.T, token string) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	if token == "" {
		return ctx
	}
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+token)
}

func check(t *testing.T, client grpc_health_v1.HealthClient, token string) error {
	_, err := client.Check(calling(t, token), &grpc_health_v1.HealthCheckRequest{})
	return err
}

// watch opens a stream and waits for its first message.
func watch(t *testing.T, client grpc_health_v1.HealthClient, token string) error {
	stream, err := client.Watch(calling(t, token), &grpc_health_v1.HealthCheckRequest{})
	if err == nil {
		_, err = stream.Recv()
	}
	return err
}
