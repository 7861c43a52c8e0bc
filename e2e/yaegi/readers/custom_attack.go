package readers

import (
	"fmt"
	"strings"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
	"github.com/upstreamauth/upstreamauth/verifier/custom"
	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// Attack reads one response by as many rows and conditions as a definition may have, each
// over a path of its own that is as deep as may be, and returns which row fits.
func Attack() string {
	rows := make([]custom.Row, 0, custom.MaxRows)
	members := make([]string, 0, custom.MaxRows*custom.MaxConditions)
	for i := 0; i < custom.MaxRows; i++ {
		row := custom.Row{Meaning: apis.Valid}
		for j := 0; j < custom.MaxConditions; j++ {
			text := fmt.Sprintf("a.a.a.a.a.a.a.m%d > 12345678901234567890.5", i*custom.MaxConditions+j)
			if j == custom.MaxConditions-1 && i < custom.MaxRows-1 {
				text = fmt.Sprintf("a.a.a.a.a.a.a.m%d < 12345678901234567890.5", i*custom.MaxConditions+j)
			}
			condition, fault := custom.ParseCondition(text)
			if fault != "" {
				return fault
			}
			row.When = append(row.When, condition)
			members = append(members, fmt.Sprintf(`"m%d":999999999999999999999999999999999999.5`, i*custom.MaxConditions+j))
		}
		rows = append(rows, row)
	}
	body := strings.Repeat(`{"a":`, 7) + "{" + strings.Join(members, ",") + "}" + strings.Repeat("}", 7)
	attacked = custom.New(&custom.Definition{Name: "attack", Kind: verifier.Bearer, Fingerprint: "attack", Rows: rows})
	attack = transport.Response{Status: 200, Body: strictjson.Read([]byte(body)), Received: now()}
	return Attacked()
}

var (
	attacked *apis.API
	attack   transport.Response
)

// Attacked reads the response of Attack again.
func Attacked() string {
	row, _ := attacked.Find(attack, "")
	return row.Name
}

// Deep reads a response that is nested so deep.
func Deep(levels int) string {
	d := plain("a.a.a.a.a.a.a.a exists")
	body := strings.Repeat(`{"a":`, levels) + "1" + strings.Repeat("}", levels)
	row, _ := custom.New(d).Find(transport.Response{Status: 200, Body: strictjson.Read([]byte(body)), Received: now()}, "")
	if row == nil {
		return ""
	}
	return row.Name
}

// plain is a definition of one row with one condition.
func plain(text string) *custom.Definition {
	condition, _ := custom.ParseCondition(text)
	return &custom.Definition{Name: "plain", Kind: verifier.Bearer, Fingerprint: "plain", Rows: []custom.Row{{When: []custom.Condition{condition}, Meaning: apis.Valid}}}
}
