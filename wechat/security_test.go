package wechat_test

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"reflect"
	"strings"
	"testing"
	"time"

	"tongxing/wechat"
	"tongxing/wechat/simulator"
)

func TestCheckText(t *testing.T) {
	w := newWorld(t)
	zhang := w.sim.OpenID("zhang", miniApp)
	for text, want := range map[string]wechat.Suggestion{
		"楼下有人": wechat.SuggestPass, "可疑 & <b>": wechat.SuggestReview, "违规内容": wechat.SuggestRisky,
		strings.Repeat("字", 2500): wechat.SuggestPass,
	} {
		got, err := w.mini.CheckText(t.Context(), wechat.TextCheck{OpenID: zhang, Scene: wechat.SceneForum, Text: text})
		if err != nil || got.Suggest != want || got.TraceID == "" || (got.Label == 100) != (want == wechat.SuggestPass) {
			t.Errorf("%.20s: %+v, %v", text, got, err)
		}
	}
	for openID, code := range map[string]int{
		w.sim.OpenID("risky", miniApp): 61010, w.sim.OpenID("zhang", officialApp): 40003,
	} {
		if _, err := w.mini.CheckText(t.Context(), wechat.TextCheck{OpenID: openID, Scene: 1,
			Text: "x"}); wechat.CodeOf(err) != code {
			t.Errorf("want %d: %v", code, err)
		}
	}
	for _, c := range []wechat.TextCheck{
		{Scene: 1, Text: "x"}, {OpenID: zhang, Text: "x"}, {OpenID: zhang, Scene: 5, Text: "x"}, {OpenID: zhang, Scene: 1},
		{OpenID: zhang, Scene: 1, Text: strings.Repeat("字", 2501)},
	} {
		if _, err := w.mini.CheckText(t.Context(), c); !errors.Is(err, wechat.ErrInvalid) {
			t.Errorf("%.40v: %v", c, err)
		}
	}
}

// TestCheckMedia: the finding comes later, as an event with the same trace id, in both formats.
func TestCheckMedia(t *testing.T) {
	for _, json := range []bool{false, true} {
		t.Run(fmt.Sprintf("JSON %t", json), func(t *testing.T) {
			w := newWorldWith(t, json)
			check := wechat.MediaCheck{OpenID: w.sim.OpenID("zhang", miniApp), Scene: wechat.SceneForum, Kind: wechat.MediaPicture,
				URL: "https://pass.example.com/risky.png"}
			trace, err := w.mini.CheckMedia(t.Context(), check)
			if err != nil {
				t.Fatal(err)
			}
			want := &wechat.MediaFinding{Finding: wechat.Finding{Suggest: wechat.SuggestRisky, Label: 20006, TraceID: trace}}
			if events := w.heard(); len(events) != 1 || events[0].Name != "wxa_media_check" ||
				!reflect.DeepEqual(events[0].Check, want) {
				t.Errorf("heard %+v", events)
			}
			for _, change := range []func(*wechat.MediaCheck){
				func(c *wechat.MediaCheck) { c.OpenID = "" }, func(c *wechat.MediaCheck) { c.Scene = 0 },
				func(c *wechat.MediaCheck) { c.Kind = 3 }, func(c *wechat.MediaCheck) { c.URL = "file:///etc/passwd" },
			} {
				bad := check
				change(&bad)
				if _, err := w.mini.CheckMedia(t.Context(), bad); !errors.Is(err, wechat.ErrInvalid) {
					t.Errorf("%+v: %v", bad, err)
				}
			}
		})
	}
}

// TestLinks: a link opens the page that it was made for, until it ends.
func TestLinks(t *testing.T) {
	w := newWorld(t)
	for name, make := range map[string]func(wechat.Link) (string, error){
		"https://wxaurl.cn/":       func(l wechat.Link) (string, error) { return w.mini.URLLink(t.Context(), l) },
		"weixin://dl/business/?t=": func(l wechat.Link) (string, error) { return w.mini.Scheme(t.Context(), l) },
	} {
		link, err := make(wechat.Link{Page: "pages/pass", Query: "scene=A1&x=张", Life: time.Hour})
		if err != nil || !strings.HasPrefix(link, name) {
			t.Fatal(link, err)
		}
		got, err := w.sim.Scan("zhang", link)
		if err != nil || got.Kind != "miniprogram" || got.Page != "pages/pass?scene=A1&x=张" || got.AppID != miniApp {
			t.Errorf("%+v, %v", got, err)
		}
		for _, bad := range []wechat.Link{
			{Life: time.Second}, {Life: 31 * 24 * time.Hour}, {Page: "/pages/x", Life: time.Hour}, {Page: "p?x=1", Life: time.Hour},
			{Query: strings.Repeat("x", 1025), Life: time.Hour},
		} {
			if _, err := make(bad); !errors.Is(err, wechat.ErrInvalid) {
				t.Errorf("%+v: %v", bad, err)
			}
		}
	}
	w.sim.AddApp(simulator.App{AppID: miniApp, Secret: appSecret, Type: simulator.MiniProgram, Unpublished: true})
	if _, err := w.mini.URLLink(t.Context(), wechat.Link{Life: time.Hour}); wechat.CodeOf(err) != 85079 {
		t.Errorf("a mini-program without a release: %v", err)
	}
}

// TestMaterial: a picture is uploaded, listed and removed.
func TestMaterial(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	var data bytes.Buffer
	if err := png.Encode(&data, image.NewGray(image.Rect(0, 0, 2, 2))); err != nil {
		t.Fatal(err)
	}
	picture := wechat.Picture{Name: "menu-1.png", Data: data.Bytes()}
	if id, err := w.official.UploadPicture(ctx, picture); err != nil || id == "" {
		t.Errorf("%q, %v", id, err)
	}
	w.sim.ExpireTokens(officialApp) // an upload heals like any other call
	id, address, err := w.official.AddPicture(ctx, picture)
	if err != nil || id == "" || !strings.HasPrefix(address, "http://mmbiz.qpic.cn/") {
		t.Fatal(id, address, err)
	}
	want := []wechat.Material{{MediaID: id, Name: "menu-1.png", URL: address, Updated: w.clock().Unix()}}
	if page, total, err := w.official.Materials(ctx, 0); err != nil || total != 1 || !reflect.DeepEqual(page, want) {
		t.Errorf("%+v, %d, %v", page, total, err)
	}
	if page, total, err := w.official.Materials(ctx, 20); err != nil || total != 1 || page != nil {
		t.Errorf("beyond: %+v, %d, %v", page, total, err)
	}
	if err := w.official.DeleteMaterial(ctx, id); err != nil {
		t.Error(err)
	}
	if err := w.official.DeleteMaterial(ctx, id); wechat.CodeOf(err) != 40007 {
		t.Errorf("removed twice: %v", err)
	}
	if _, err := w.official.UploadPicture(ctx, wechat.Picture{Name: "x.png",
		Data: []byte("no picture")}); wechat.CodeOf(err) != 40005 {
		t.Errorf("no picture: %v", err)
	}
	for _, p := range []wechat.Picture{
		{Name: "x.png"}, {Name: "x.exe", Data: []byte("x")}, {Name: "../x.png",
			Data: []byte("x")}, {Name: "a\"b.png", Data: []byte("x")},
		{Name: "x.png", Data: make([]byte, 10<<20+1)},
	} {
		if _, err := w.official.UploadPicture(ctx, p); !errors.Is(err, wechat.ErrInvalid) {
			t.Errorf("%s: %v", p.Name, err)
		}
	}
}

// TestQuota: a quota is read, used up, and cleared ten times a month.
func TestQuota(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	const path = "/cgi-bin/message/template/send"
	if err := w.sim.Follow("zhang", officialApp); err != nil {
		t.Fatal(err)
	}
	w.sim.SetQuota(officialApp, path, 2)
	for range 2 {
		if _, err := w.send("zhang"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.send("zhang"); wechat.CodeOf(err) != 45009 {
		t.Errorf("the third of the day: %v", err)
	}
	if q, err := w.official.Quota(ctx, path); err != nil || q != (wechat.Quota{Limit: 2, Used: 2}) {
		t.Errorf("%+v, %v", q, err)
	}
	if _, err := w.mini.Quota(ctx, "/cgi-bin/no/such"); wechat.CodeOf(err) != 76003 {
		t.Error(err)
	}
	if _, err := w.mini.Quota(ctx, "cgi-bin/x"); !errors.Is(err, wechat.ErrInvalid) {
		t.Error(err)
	}
	for range 10 {
		if err := w.official.ClearQuota(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.official.ClearQuota(ctx); wechat.CodeOf(err) != 48006 {
		t.Errorf("the eleventh time: %v", err)
	}
	if _, err := w.send("zhang"); err != nil {
		t.Errorf("after clearing: %v", err)
	}
	if list, err := w.official.CallbackIPs(ctx); err != nil || !reflect.DeepEqual(list, []string{"127.0.0.1"}) {
		t.Errorf("%v, %v", list, err)
	}
}
