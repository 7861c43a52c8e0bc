package upstreams

import (
	"cmp"
	"encoding/json"
	"errors"
	"unicode/utf8"
)

// The names of the demo's accounts.
const (
	DemoStudent  = "6600000001" // TU account API, student
	DemoEmployee = "somchai"    // TU account API, employee
	DemoSMSUser  = "sara"       // IPPanel, one-time password by text message
	DemoDirect   = "navid"      // IPPanel, no one-time password
	DemoCourier  = "dilshod"    // BTS
	DemoClient   = "mina"       // web service
)

// DemoOptions say where the demo's four servers listen and what its credentials are. Every field may
// be left empty: a free port of 127.0.0.1, a random credential.
type DemoOptions struct {
	ThammasatAddr, IPPanelAddr, BTSAddr, WebServiceAddr string // host:port

	DemoSecrets

	// Clock is shared by the four. Nil: the real time.
	Clock *Clock

	// Seen, where it is given, is told of each request that has its reply, one after the other.
	Seen func(Seen)
}

// DemoSecrets are the credentials that the demo's APIs accept.
type DemoSecrets struct {
	Password       string // of every account; six characters at least, for BTS
	ApplicationKey string // of the TU account API
	OTP            string // every one-time password of IPPanel
	APIKey         string // of IPPanel, user DemoSMSUser, never ends
	ServiceToken   string // of the web service, user DemoClient, ends after ten hours
}

// Demo is all four APIs with accounts, for trying the plugin by hand.
type Demo struct {
	Thammasat  *Thammasat
	IPPanel    *IPPanel
	BTS        *BTS
	WebService *WebService

	// Secrets are what the APIs accept, the random ones included.
	Secrets DemoSecrets
}

// NewDemo starts the four APIs and adds the accounts. If one address cannot be opened, the others
// are closed again and the error says which; a password too short for BTS is an error as well.
func NewDemo(o DemoOptions) (*Demo, error) {
	if o.Clock == nil {
		o.Clock = NewClock()
	}
	d := &Demo{Secrets: DemoSecrets{
		Password:       cmp.Or(o.Password, randomHex()[:12]),
		ApplicationKey: cmp.Or(o.ApplicationKey, randomHex()),
		OTP:            cmp.Or(o.OTP, randomDigits(6)),
		APIKey:         cmp.Or(o.APIKey, randomHex()),
		ServiceToken:   cmp.Or(o.ServiceToken, randomHex()),
	}}
	if utf8.RuneCountInString(d.Secrets.Password) < btsMinPassword {
		return nil, errors.New("the demo's password needs six characters at least: BTS takes no shorter one")
	}
	o.Seen = d.told(o.Seen)
	if err := d.open(o); err != nil {
		d.Close()
		return nil, err
	}
	d.seed()
	return d, nil
}

// open starts the four servers, one after the other.
func (d *Demo) open(o DemoOptions) (err error) {
	at := func(api, addr string) Options {
		named := func(s Seen) {
			s.API = api
			o.Seen(s)
		}
		return Options{Addr: addr, Clock: o.Clock, Seen: named}
	}
	if d.Thammasat, err = newThammasat(ThammasatOptions{Options: at("thammasat", o.ThammasatAddr)}); err != nil {
		return err
	}
	if d.IPPanel, err = newIPPanel(IPPanelOptions{Options: at("ippanel", o.IPPanelAddr)}); err != nil {
		return err
	}
	if d.BTS, err = newBTS(BTSOptions{Options: at("bts", o.BTSAddr)}); err != nil {
		return err
	}
	d.WebService, err = newWebService(WebServiceOptions{Options: at("webservice", o.WebServiceAddr)})
	return err
}

// seed adds the accounts, keys and tokens.
func (d *Demo) seed() {
	s := d.Secrets
	d.Thammasat.AddKey(s.ApplicationKey)
	d.Thammasat.AddAccount(Account{
		User: DemoStudent, Password: s.Password, Type: "student", Username: true,
		NameTH: "มานี มีนา", NameEN: "Manee Meena", Email: "manee.mee@dome.tu.ac.th",
		Department: "สาขาวิชาวิทยาการคอมพิวเตอร์", Faculty: "คณะวิทยาศาสตร์และเทคโนโลยี",
	})
	d.Thammasat.AddAccount(Account{
		User: DemoEmployee, Password: s.Password, Type: "employee",
		NameTH: "สมชาย ใจดี", NameEN: "Somchai Jaidee", Email: "somchai@tu.ac.th",
		Department: "งานวิเคราะห์และพัฒนาระบบ", Organization: "สำนักงานศูนย์เทคโนโลยีสารสนเทศและการสื่อสาร",
	})
	d.IPPanel.AddUser(PanelUser{
		UserName: DemoSMSUser, Password: s.Password, Method: MethodSMS, OTP: s.OTP,
		UserID: 58745, Name: "سارا", Reseller: true,
	})
	d.IPPanel.AddUser(PanelUser{
		UserName: DemoDirect, Password: s.Password, Method: MethodLogin, UserID: 58746, Name: "نوید",
	})
	d.IPPanel.AddAPIKey(DemoSMSUser, s.APIKey)
	d.BTS.AddUser(BTSUser{
		Login: DemoCourier, Password: s.Password, Name: "Dilshod Karimov", Email: "dilshod@example.uz",
		Claims: map[string]any{"role": "courier", "client_id": json.Number("9007199254740993")},
	})
	d.WebService.AddToken(s.ServiceToken, User{UserName: DemoClient, ID: 1042, Name: "مینا"})
}

// Close stops all servers that were started.
func (d *Demo) Close() {
	if d.Thammasat != nil {
		d.Thammasat.Close()
	}
	if d.IPPanel != nil {
		d.IPPanel.Close()
	}
	if d.BTS != nil {
		d.BTS.Close()
	}
	if d.WebService != nil {
		d.WebService.Close()
	}
}
