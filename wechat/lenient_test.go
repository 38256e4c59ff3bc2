package wechat

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// TestWhatXMLForbids reads a person's message whatever characters it contains, in both modes and in
// the plain text that the compatible mode sends with the encrypted one.
func TestWhatXMLForbids(t *testing.T) {
	clock := newClock()
	for name, content := range map[string]string{
		"start of text": "a\x02b", "data link escape": "a\x10b", "group separator": "a\x1db", "no character": "a\uffffb",
		"a cut character": "a\xe9\x97b", "nought": "a\x00b", "as a number": "a]]>&#2;<![CDATA[b", "in hexadecimal": "a]]>&#x1F;<![CDATA[b",
		"beyond all": "a]]>&#99999999999999999999;<![CDATA[b",
	} {
		message := strings.NewReplacer("a ]] & <b> 门", content, "<MsgId>", "<Recognition><![CDATA["+content+"]]></Recognition><MsgId>").
			Replace(textMessage(1))
		plain := account(t, OfficialOptions{}, clock.Now)
		if event, _, err := plain.ReadCallback(t.Context(), newCall(t, clock.Now(), "", message).request()); err != nil ||
			event.Content != "ab" {
			t.Errorf("%s, in the clear: %q, %v", name, event.Content, err)
		}
		sealing := account(t, OfficialOptions{AESKey: callbackKey}, clock.Now)
		c := newCall(t, clock.Now(), callbackKey, message)
		c.body = strings.Replace(c.body, "<Encrypt>", "<Content><![CDATA["+content+"]]></Content><Encrypt>", 1)
		if event, _, err := sealing.ReadCallback(t.Context(), c.request()); err != nil || event.Content != "ab" {
			t.Errorf("%s, in compatible mode: %q, %v", name, event.Content, err)
		}
	}
}

// TestUnusualMessages reads messages in the platform's own unusual forms.
func TestUnusualMessages(t *testing.T) {
	clock := newClock()
	gb, err := simplifiedchinese.GBK.NewEncoder().String(`<?xml version="1.0" encoding="GB2312"?>` + textMessage(1))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		message string
		want    Event
	}{
		"20 digits": {
			strings.Replace(textMessage(1), "<MsgId>1<", "<MsgId>18446744073709551615<", 1),
			Event{ID: "18446744073709551615", Content: "a ]] & <b> 门"},
		},
		"no time": {strings.Replace(textMessage(1), "1763611200", "soon", 1), Event{ID: "1", Content: "a ]] & <b> 门"}},
		"UTF-8 that is called GB2312": {
			`<?xml version="1.0" encoding="GB2312"?>` + textMessage(1), Event{ID: "1", Content: "a ]] & <b> 门"},
		},
		"GB2312": {gb, Event{ID: "1", Content: "a ]] & <b> 门"}},
	} {
		a := account(t, OfficialOptions{AESKey: callbackKey}, clock.Now)
		event, _, err := a.ReadCallback(t.Context(), newCall(t, clock.Now(), callbackKey, c.message).request())
		if err != nil || event.ID != c.want.ID || event.Content != c.want.Content || event.FromUser != "o1" {
			t.Errorf("%s: %+v, %v", name, event, err)
		}
	}
}

// TestBrokenClearPart: the compatible mode's plain text need not be XML.
func TestBrokenClearPart(t *testing.T) {
	clock := newClock()
	a := account(t, OfficialOptions{AESKey: callbackKey}, clock.Now)
	c := newCall(t, clock.Now(), callbackKey, textMessage(1))
	c.body = strings.Replace(c.body, "<Encrypt>", "<Content>a & <b></Content><Encrypt>", 1)
	if event, _, err := a.ReadCallback(t.Context(), c.request()); err != nil || event.ID != "1" {
		t.Errorf("%+v, %v", event, err)
	}
	c.query.Set("msg_signature", sign("x"))
	if _, _, err := a.ReadCallback(t.Context(), c.request()); !errors.Is(err, ErrSignature) {
		t.Errorf("wrongly signed: %v", err)
	}
}

// TestOneIDOfTwoPeople: MsgId is unique only per sender.
func TestOneIDOfTwoPeople(t *testing.T) {
	clock := newClock()
	a := account(t, OfficialOptions{AESKey: callbackKey}, clock.Now)
	read := func(message string) error {
		_, done, err := a.ReadCallback(t.Context(), newCall(t, clock.Now(), callbackKey, message).request())
		if err == nil {
			done(true)
		}
		return err
	}
	if err := read(textMessage(1)); err != nil {
		t.Fatal(err)
	}
	if err := read(strings.Replace(textMessage(1), "o1", "o2", 1)); err != nil {
		t.Errorf("another person's: %v", err)
	}
	if err := read(textMessage(1)); !errors.Is(err, ErrReplayed) {
		t.Errorf("the first again: %v", err)
	}
}

// TestLongMessageNumber: a message that was sent is reported as sent, however large its number.
func TestLongMessageNumber(t *testing.T) {
	p := newPlatform(t)
	p.says("/cgi-bin/message/template/send", `{"errcode":0,"errmsg":"ok","msgid":18446744073709551616}`)
	id, err := p.official(Options{}).SendTemplate(t.Context(), TemplateMessage{To: "o1", Template: "t1", Fields: one})
	if err != nil || id != "18446744073709551616" {
		t.Errorf("%q, %v", id, err)
	}
}

// TestPicturesStay: an answer that is a picture keeps its bytes.
func TestPicturesStay(t *testing.T) {
	picture := "\xff\xd8\x00\x01{\x07}\\x"
	p := newPlatform(t)
	p.on("/wxa/getwxacodeunlimit", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/jpeg")
		_, _ = w.Write([]byte(picture))
	})
	got, err := p.mini(Options{}).UnlimitedCode(t.Context(), CodeImage{Scene: "a"})
	if err != nil || string(got) != picture {
		t.Errorf("%q, %v", got, err)
	}
}

// FuzzLegalXML: what is left is legal, and legal text is unchanged.
func FuzzLegalXML(f *testing.F) {
	for _, text := range []string{"a\x02b", "&#x1f;&#31;", "门\xff", "&#&#1;0;"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := legalXML(text)
		if strings.ContainsFunc(got, func(r rune) bool { return !inXML(r) }) || len(got) > len(text) {
			t.Errorf("%q became %q", text, got)
		}
		if legal := "<门> &#9; &amp; \U0001f600"; legalXML(legal) != legal {
			t.Errorf("what XML allows became %q", legalXML(legal))
		}
	})
}

// FuzzLegalJSON: JSON keeps its meaning, and nothing causes a panic.
func FuzzLegalJSON(f *testing.F) {
	for _, text := range []string{`{"a":"b\u0007\\"}`, "{\"a\":\"\x07\"}", `{"a":"\x"}`, `{"a":"\`, "\xef\xbb\xbf{}"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := legalJSON([]byte(text))
		if !json.Valid([]byte(text)) {
			return
		}
		var before, after any
		if json.Unmarshal([]byte(text), &before) != nil || json.Unmarshal(got, &after) != nil {
			t.Fatalf("%q became %q", text, got)
		}
		first, _ := json.Marshal(before)
		second, _ := json.Marshal(after)
		if string(first) != string(second) {
			t.Errorf("%q became %q", text, got)
		}
	})
}
