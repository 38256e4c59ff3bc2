package wechat

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"
)

// account returns an official account that reads callbacks at the clock's time.
func account(t testing.TB, o OfficialOptions, now func() time.Time) *OfficialAccount {
	t.Helper()
	o.AppID, o.Secret, o.Token = testApp, testSecret, callbackToken
	if o.Replays == nil {
		o.Replays = NewMemoryReplays(now)
	}
	a, err := New(Options{Now: now}).OfficialAccount(o)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// call is a callback as the platform makes it; a test changes a field to make it invalid.
type call struct {
	at      time.Time
	nonce   string
	message string
	sealed  string // "" = message in plain text
	query   url.Values
	body    string
}

// newCall signs and encrypts a message; key "" leaves it in plain text.
func newCall(t testing.TB, at time.Time, key, message string) call {
	t.Helper()
	c := call{at: at, nonce: rand.Text(), message: message, body: message}
	stamp := strconv.FormatInt(at.Unix(), 10)
	c.query = url.Values{"timestamp": {stamp}, "nonce": {c.nonce}, "signature": {sign(callbackToken, stamp, c.nonce)}}
	if key == "" {
		return c
	}
	crypt, err := newCrypter(key, testApp)
	if err != nil {
		t.Fatal(err)
	}
	if c.sealed, err = crypt.seal(message); err != nil {
		t.Fatal(err)
	}
	return c.with(c.sealed)
}

// with replaces the encrypted text and signs again.
func (c call) with(sealed string) call {
	c.body = "<xml><ToUserName>gh_1</ToUserName><Encrypt><![CDATA[" + sealed + "]]></Encrypt></xml>"
	c.query.Set("msg_signature", sign(callbackToken, c.query.Get("timestamp"), c.nonce, sealed))
	return c
}

func (c call) request() *http.Request {
	return httptest.NewRequest(http.MethodPost, "/callback/oa?"+c.query.Encode(), strings.NewReader(c.body))
}

func textMessage(id int) string {
	return fmt.Sprintf(
		"<xml><ToUserName>gh_1</ToUserName><FromUserName>o1</FromUserName><CreateTime>1763611200</CreateTime><MsgType>"+
			"text</MsgType><Content><![CDATA[a ]] & <b> 门]]></Content><MsgId>%d</MsgId></xml>",
		id,
	)
}

func eventMessage(name, key string) string {
	return "<xml><ToUserName>gh_1</ToUserName><FromUserName>o1</FromUserName><CreateTime>1763611200</CreateTime><MsgType>" +
		"event</MsgType><Event>" + name + "</Event><EventKey>" + key + "</EventKey></xml>"
}

func TestReadCallback(t *testing.T) {
	clock := newClock()
	for _, key := range []string{"", callbackKey} {
		a := account(t, OfficialOptions{AESKey: key}, clock.Now)
		event, done, err := a.ReadCallback(t.Context(), newCall(t, clock.Now(), key, textMessage(9)).request())
		if err != nil {
			t.Fatal(err)
		}
		done(true)
		want := Event{ToUser: "gh_1", FromUser: "o1", Created: 1763611200, Type: "text", Content: "a ]] & <b> 门", ID: "9"}
		if !reflect.DeepEqual(event, want) {
			t.Errorf("got %+v", event)
		}
		event, _, err = a.ReadCallback(t.Context(), newCall(t, clock.Now(), key,
			`<xml><FromUserName>o1</FromUserName><CreateTime>1</CreateTime><MsgType>event</MsgType><Event>`+
				`TEMPLATESENDJOBFINISH</Event><MsgID>24000000000000001</MsgID><Status>failed:user block</Status></xml>`).request())
		if err != nil || event.JobID != "24000000000000001" || event.ID != "" || event.Status != "failed:user block" {
			t.Errorf("got %+v, %v", event, err)
		}
	}
}

// TestHostileCallbacks: nothing invalid gets through, and nothing invalid keeps a valid callback
// from being read later.
func TestHostileCallbacks(t *testing.T) {
	clock := newClock()
	now := clock.Now()
	right := func() call { return newCall(t, now, callbackKey, textMessage(1)) }
	set := func(name, value string) call {
		c := right()
		c.query.Set(name, value)
		return c
	}
	in := func(message string) call { return newCall(t, now, callbackKey, message) }
	body := func(text string) call {
		c := right()
		c.body = text
		return c
	}
	signedAt := func(stamp string) call {
		c := set("timestamp", stamp)
		c.query.Set("signature", sign(callbackToken, stamp, c.nonce))
		return c.with(c.sealed)
	}
	other, err := newCrypter(callbackKey, "wx2222222222222222")
	if err != nil {
		t.Fatal(err)
	}
	anothers, err := other.seal(textMessage(1))
	if err != nil {
		t.Fatal(err)
	}
	a := account(t, OfficialOptions{AESKey: callbackKey}, clock.Now)
	for name, c := range map[string]struct {
		call call
		want error
	}{
		"no query":              {call{body: right().body}, ErrSignature},
		"no signature":          {set("signature", ""), ErrSignature},
		"a wrong signature":     {set("signature", sign("x")), ErrSignature},
		"no msg_signature":      {set("msg_signature", ""), ErrSignature},
		"a wrong msg_signature": {set("msg_signature", sign("x")), ErrSignature},
		"the wrong one of two":  {set("msg_signature", right().query.Get("signature")), ErrSignature},
		"another nonce":         {set("nonce", "nonce2"), ErrSignature},
		"another second":        {set("timestamp", strconv.FormatInt(now.Unix()+1, 10)), ErrSignature},
		"no number":             {set("timestamp", "soon"), ErrSignature},
		"a number too large":    {set("timestamp", "99999999999999999999"), ErrSignature},
		"the end of time":       {set("timestamp", "9223372036854775807"), ErrSignature},
		"before all time":       {set("timestamp", "-9223372036854775808"), ErrSignature},
		"signed, no number":     {signedAt("soon"), ErrStale},
		"signed, too large":     {signedAt("99999999999999999999"), ErrStale},
		"signed, end of time":   {signedAt("9223372036854775807"), ErrStale},
		"signed, before time":   {signedAt("-9223372036854775808"), ErrStale},
		"just too old":          {newCall(t, now.Add(-5*time.Minute-time.Second), callbackKey, textMessage(1)), ErrStale},
		"just too new":          {newCall(t, now.Add(5*time.Minute+time.Second), callbackKey, textMessage(1)), ErrStale},
		"in the clear":          {newCall(t, now, "", textMessage(1)), ErrPlain},
		"an empty Encrypt":      {right().with(""), ErrPlain},
		"another account's":     {right().with(anothers), ErrMalformed},
		"half of it":            {right().with(right().sealed[:len(right().sealed)/2]), ErrMalformed},
		"no base64":             {right().with("%%%"), ErrMalformed},
		"no body":               {body(""), ErrPlain},
		"no XML":                {body(`"Encrypt":"x"`), ErrPlain},
		"JSON in the clear":     {body(`{"FromUserName":"o1","MsgType":"text"}`), ErrPlain},
		"JSON of somebody else": {body(`{"Encrypt":"x"}`), ErrSignature},
		"half of JSON":          {body(`{"Encrypt":"x"`), ErrPlain},
		"a MiB":                 {right().with(strings.Repeat("A", 1<<20)), ErrMalformed},
		"a byte too many":       {body(strings.Repeat(" ", maxCallback+1-len(right().body)) + right().body), ErrMalformed},
		"an unknown entity":     {in(`<xml><FromUserName>&x;</FromUserName><MsgType>text</MsgType></xml>`), ErrMalformed},
		"an entity of its own": {
			in(`<!DOCTYPE x [<!ENTITY x "o1">]><xml><FromUserName>&x;</FromUserName><MsgType>text</MsgType></xml>`),
			ErrMalformed,
		},
		"an entity of a file": {
			in(`<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]><xml><FromUserName>&x;</FromUserName><MsgType>text</MsgType></xml>`),
			ErrMalformed,
		},
		"a bomb":             {in(bomb()), ErrMalformed},
		"an entity outside":  {body(`<!DOCTYPE x [<!ENTITY x "o1">]><xml><Encrypt>&x;</Encrypt></xml>`), ErrPlain},
		"depths":             {in(strings.Repeat("<a>", 14000)), ErrMalformed},
		"closed depths":      {body(strings.Repeat("<a>", 9000) + strings.Repeat("</a>", 9000)), ErrPlain},
		"half an XML":        {in("<xml><FromUserName>o1</FromUserName>"), ErrMalformed},
		"from nobody":        {in("<xml><MsgType>text</MsgType></xml>"), ErrMalformed},
		"of no type":         {in("<xml><FromUserName>o1</FromUserName></xml>"), ErrMalformed},
		"no text":            {in(""), ErrMalformed},
		"invalid characters": {in("<xml><FromUserName>\x00</FromUserName><MsgType>text</MsgType></xml>"), ErrMalformed},
	} {
		event, done, err := a.ReadCallback(t.Context(), c.call.request())
		if !errors.Is(err, c.want) || done != nil || !reflect.DeepEqual(event, Event{}) {
			t.Errorf("%s: %+v, %v; want %v", name, event, err, c.want)
		}
	}
	for _, at := range []time.Time{now.Add(-5 * time.Minute), now.Add(5 * time.Minute)} {
		_, done, err := a.ReadCallback(t.Context(), newCall(t, at, callbackKey, textMessage(1)).request())
		if err != nil {
			t.Errorf("a right one after all the wrong ones: %v", err)
			continue
		}
		done(false)
	}
	// An account in plain mode reads no encrypted messages.
	plain := account(t, OfficialOptions{}, clock.Now)
	if _, _, err := plain.ReadCallback(t.Context(), right().request()); !errors.Is(err, ErrMalformed) {
		t.Errorf("a sealed one in plain mode: %v", err)
	}
}

// bomb returns XML that a careless parser expands to gigabytes.
func bomb() string {
	var b strings.Builder
	b.WriteString(`<!DOCTYPE x [<!ENTITY a0 "aaaaaaaaaa">`)
	for i := range 9 {
		fmt.Fprintf(&b, `<!ENTITY a%d "%s">`, i+1, strings.Repeat(fmt.Sprintf("&a%d;", i), 10))
	}
	return b.String() + `]><xml><FromUserName>&a9;</FromUserName><MsgType>text</MsgType></xml>`
}

func TestScene(t *testing.T) {
	for want, e := range map[string]Event{
		"bind_1": {Name: "subscribe", Key: "qrscene_bind_1"}, "qrscene_2": {Name: "SCAN", Key: "qrscene_2"},
		"": {Name: "subscribe", Key: "last_trade_no_1"},
	} {
		if got := e.Scene(); got != want {
			t.Errorf("%+v: scene %q", e, got)
		}
	}
	if scene := (Event{Name: "CLICK", Key: "bind_1"}).Scene(); scene != "" {
		t.Errorf("a button has scene %q", scene)
	}
}

func TestCheckEcho(t *testing.T) {
	clock := newClock()
	clock.Add(time.Unix(1763611200, 0).Sub(clock.Now()))
	a := account(t, OfficialOptions{AESKey: callbackKey}, clock.Now)
	query := url.Values{
		"timestamp": {"1763611200"}, "nonce": {"nonce"}, "echostr": {"<b>123"},
		"signature": {"5d2ed9c6b0c04e3b6643cf3e7b4a2bb1705dd62f"},
	}
	check := func() (string, error) {
		return a.CheckEcho(httptest.NewRequest(http.MethodGet, "/?"+query.Encode(), nil))
	}
	if echo, err := check(); err != nil || echo != "<b>123" {
		t.Errorf("%q, %v", echo, err)
	}
	clock.Add(time.Hour)
	if echo, err := check(); !errors.Is(err, ErrStale) || echo != "" {
		t.Errorf("an old signature: %q, %v", echo, err)
	}
	query.Set("nonce", "other")
	if echo, err := check(); !errors.Is(err, ErrSignature) || echo != "" {
		t.Errorf("%q, %v", echo, err)
	}
	if _, err := a.CheckEcho(httptest.NewRequest(http.MethodGet, "/", nil)); !errors.Is(err, ErrSignature) {
		t.Error("no query is a right one")
	}
}

func FuzzReadCallback(f *testing.F) {
	now := newClock().Now()
	right := newCall(f, now, callbackKey, textMessage(1))
	f.Add(right.query.Encode(), right.body, true)
	f.Add(right.query.Encode(), textMessage(1), false)
	f.Add("timestamp=1&nonce=&signature=", "<xml></xml>", true)
	f.Add(right.query.Encode(), bomb(), false)
	f.Fuzz(func(t *testing.T, query, body string, sealed bool) {
		o := OfficialOptions{}
		if sealed {
			o.AESKey = callbackKey
		}
		a := account(t, o, func() time.Time { return now })
		r := httptest.NewRequest(http.MethodPost, "/callback/oa", strings.NewReader(body))
		r.URL.RawQuery = query
		event, done, err := a.ReadCallback(t.Context(), r)
		switch {
		case err != nil && (done != nil || !reflect.DeepEqual(event, Event{})):
			t.Errorf("an error with %+v", event)
		case err == nil && (done == nil || event.FromUser == "" || event.Type == ""):
			t.Errorf("half an event: %+v", event)
		case err == nil && sealed && event.Content != "a ]] & <b> 门":
			t.Errorf("without the token, somebody made %+v", event)
		}
	})
}
