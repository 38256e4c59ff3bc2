package hygiene

import (
	"strings"
	"testing"
)

func TestLeak(t *testing.T) {
	for line, want := range map[string]string{
		`time=2026-11-29T03:17:43Z level=INFO msg=request phone=13812345678`:                       "a phone number",
		`2026/11/29 03:58:46 INFO request path=/console/resident q=+8613812345678`:                 "a phone number",
		`{"time":"2026-11-29","level":"WARN","msg":"get https://x/y?appid=wx1&secret=abcdefgh"}`:   "a secret of an address",
		`level=WARN msg="call failed" err="/cgi-bin/user?access_token=99_abc&openid=o"`:            "a secret of an address",
		`level=WARN msg=x body="{\"session_key\":\"HyVFkGl5F5OQWJZZaNzBBg==\"}"`:                   "a secret of an answer",
		`level=INFO msg=request authorization="Bearer eyJhbGciOi"`:                                 "a bearer token",
		`level=INFO msg="<xml><Content>hi</Content></xml>"`:                                        "a decrypted message",
		`level=WARN msg=x body="{\"data\":{\"thing1\":{\"value\":\"新地点登录\"}}}"`:                    "a message's text",
		`{"level":"WARN","msg":"x","body":{"touser":"li","textcard":{"title":"待审核"}}}`:             "a message's text",
		`level=WARN msg=x err="post https://x/?Action=SendSms&TemplateParam=%7B%22what%22%3A1%7D"`: "a message's text",
		`level=WARN msg=x body="{\"PhoneNumberSet\":[\"+86\"],\"TemplateParamSet\":[\"登录\"]}"`:     "a message's text",
		`level=WARN msg=x code="LimitExceeded.PhoneNumberDailyLimit" template=SMS_123 thing1="{}"`: "",
		`level=INFO msg=x secret=demo-secret-of-the-simulator`:                                     "a simulated secret",
		`level=INFO msg=request path=/console/resident/252645230233255936 took=1.764287ms`:         "",
		`level=WARN msg="wechat call failed" path=/cgi-bin/user/get code=45009 took=1.317812345s`:  "",
		`level=INFO msg=request path=/callback/oa/252645230233255936 status=200 request_id=13812`:  "",
		`    office_test.go:53: phone 13812345678, secret ?secret=abcdefgh`:                        "",
		`2026/11/29 03:58:46 INFO request path=/x bytes=9041 request_id=13563865544cec2e`:          "",
		`level=INFO msg="list of 252652213381234567890"`:                                           "",
	} {
		if got := Leak([]byte(line)); got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

// A line may come in pieces, and the last one without its end.
func TestFilter(t *testing.T) {
	var to strings.Builder
	f := Filter{To: &to}
	text := "level=INFO msg=fine\nlevel=INFO msg=x phone=138" + "12345678\nlevel=INFO authorization=\"Bearer abcdefghijk\""
	for _, piece := range strings.SplitAfter(text, "8") {
		if _, err := f.Write([]byte(piece)); err != nil {
			t.Fatal(err)
		}
	}
	if got := f.Found(); len(got) != 2 || to.String() != text {
		t.Errorf("found %q in %q", got, to.String())
	}
}
