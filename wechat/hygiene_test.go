package wechat

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestAreasKeepSecrets: whatever goes wrong, no error of any call contains a secret, a token, a code or a
// ticket, also where the platform repeats them all.
func TestAreasKeepSecrets(t *testing.T) {
	secrets := []string{testSecret, "t0ken-", testCode, "user-token", "user-ticket", "trip-"}
	eachArea(t, func(t *testing.T, a area) {
		for name, answer := range map[string]http.HandlerFunc{
			"an errmsg that repeats all": func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					return // the caller has left
				}
				text := strings.NewReplacer(`"`, "'", "\\",
					"").Replace(r.URL.RawQuery + " " + r.URL.Query().Encode() + " " + string(body))
				fmt.Fprintf(w, `{"errcode":40097,"errmsg":%q}`, text)
			},
			"a page of words": func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "not found: "+r.URL.String()) },
			"a redirect": func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, "/elsewhere?"+r.URL.RawQuery, http.StatusFound)
			},
			"a cut connection": func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) },
		} {
			p := newPlatform(t)
			p.on(a.path, answer)
			err := a.call(t.Context(), p)
			if err == nil {
				t.Errorf("%s: no error", name)
			}
			for e := err; e != nil; e = errors.Unwrap(e) {
				for _, secret := range secrets {
					if text := fmt.Sprintf("%v %+v %#v", e, e, e); strings.Contains(text, secret) {
						t.Errorf("%s: %q is in %s", name, secret, text)
					}
				}
			}
		}
	})
}

// FuzzReadEvent: no message makes a reader panic, in either format and on either platform.
func FuzzReadEvent(f *testing.F) {
	for _, text := range []string{
		textMessage(1), eventMessage("SCAN",
			"x"), `{"FromUserName":"o1","MsgType":"event","CreateTime":1,"List":{"TemplateId":"t"}}`,
		`{"FromUserName":"o1","MsgType":"event","List":[{"TemplateId":"t","PopupScene":0,"MsgID":1,"ErrorCode":"x"}]}`,
		`{"FromUserName":"o1","MsgType":"event","Event":"wxa_media_check","result":{"suggest":"pass","label":"100"}}`,
		`<xml><FromUserName>o1</FromUserName><MsgType>event</MsgType>` +
			`<SubscribeMsgSentEvent><List><MsgID>1</MsgID></List></SubscribeMsgSentEvent></xml>`,
		`<xml><MsgType>event</MsgType><Event>change_contact</Event><Department>1,x,,2</Department></xml>`, "{", "<xml>", "",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if event, err := readEvent([]byte(text)); err == nil {
			_ = event.Digest()
			if event.FromUser == "" || event.Type == "" {
				t.Errorf("%q is read as %+v", text, event)
			}
		}
		if event, err := readCorpEvent([]byte(text), "ww1"); err == nil && event.Type == "" {
			t.Errorf("%q is read as %+v", text, event)
		}
		r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(text))
		inbox := &CorpInbox{&Inbox{id: "ww1", token: "t", aesKey: callbackKey, now: newClock().Now, replays: noReplays{}}}
		if _, done, err := inbox.Read(t.Context(), r); err == nil || done != nil {
			t.Errorf("%q is taken unsigned", text)
		}
	})
}
