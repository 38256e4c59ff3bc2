package core

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func anOfficialApp() (WechatApp, WechatKeys) {
	return WechatApp{Kind: WechatOfficial, Name: "翠湖花园物业", AppID: "wx00000000000000a1", Scope: Everywhere},
		WechatKeys{Secret: strings.Repeat("s", 32), Token: "token123", AESKey: strings.Repeat("k", 43)}
}

func TestWechatAppCheck(t *testing.T) {
	for name, c := range map[string]struct {
		change func(a *WechatApp, k *WechatKeys)
		kept   bool
		field  string // "" = right
	}{
		"right":                        {change: func(*WechatApp, *WechatKeys) {}},
		"in the clear":                 {change: func(_ *WechatApp, k *WechatKeys) { k.AESKey = "" }},
		"a mini-program has no server": {change: func(a *WechatApp, k *WechatKeys) { a.Kind, k.Token, k.AESKey = WechatMini, "", "" }},
		"keys as they are":             {change: func(_ *WechatApp, k *WechatKeys) { *k = WechatKeys{} }, kept: true},
		"no kind":                      {change: func(a *WechatApp, _ *WechatKeys) { a.Kind = "" }, field: "kind"},
		"no name":                      {change: func(a *WechatApp, _ *WechatKeys) { a.Name = "" }, field: "name"},
		"an id of WeWork":              {change: func(a *WechatApp, _ *WechatKeys) { a.AppID = "ww00000000000000a1" }, field: "app_id"},
		"capitals in the id":           {change: func(a *WechatApp, _ *WechatKeys) { a.AppID = "wx00000000000000A1" }, field: "app_id"},
		"no secret":                    {change: func(_ *WechatApp, k *WechatKeys) { k.Secret = "" }, field: "app_secret"},
		"a wrong secret, kept":         {change: func(_ *WechatApp, k *WechatKeys) { k.Secret = "短" }, kept: true, field: "app_secret"},
		"no token":                     {change: func(_ *WechatApp, k *WechatKeys) { k.Token = "" }, field: "token"},
		"a token with a sign":          {change: func(_ *WechatApp, k *WechatKeys) { k.Token = "a-b" }, field: "token"},
		"a short AES key":              {change: func(_ *WechatApp, k *WechatKeys) { k.AESKey = k.AESKey[1:] }, field: "aes_key"},
		"nowhere":                      {change: func(a *WechatApp, _ *WechatKeys) { a.Scope = Scope{} }, field: "communities"},
	} {
		a, k := anOfficialApp()
		c.change(&a, &k)
		err := a.Check(k, c.kept)
		if c.field == "" && err != nil || c.field != "" && !namesField(err, c.field) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A company on WeWork has an agent id, two secrets, and always an AES key.
func TestWechatAppCheckOfACompany(t *testing.T) {
	right := func() (WechatApp, WechatKeys) {
		return WechatApp{Kind: WechatWork, Name: "物业", AppID: "ww00000000000000a1", Agent: 1000002, Scope: Everywhere},
			WechatKeys{
				Secret: strings.Repeat("s", 42) + "-", Contact: strings.Repeat("c", 42) + "_", Token: "token123",
				AESKey: strings.Repeat("k", 43),
			}
	}
	for name, c := range map[string]struct {
		change func(a *WechatApp, k *WechatKeys)
		kept   bool
		field  string // "" = right
	}{
		"right":              {change: func(*WechatApp, *WechatKeys) {}},
		"keys as they are":   {change: func(_ *WechatApp, k *WechatKeys) { *k = WechatKeys{} }, kept: true},
		"an id of an app":    {change: func(a *WechatApp, _ *WechatKeys) { a.AppID = "1000002" }, field: "app_id"},
		"no agent":           {change: func(a *WechatApp, _ *WechatKeys) { a.Agent = 0 }, field: "agent"},
		"a long agent":       {change: func(a *WechatApp, _ *WechatKeys) { a.Agent = 100_000_000 }, field: "agent"},
		"no secret":          {change: func(_ *WechatApp, k *WechatKeys) { k.Secret = "" }, field: "app_secret"},
		"no contact secret":  {change: func(_ *WechatApp, k *WechatKeys) { k.Contact = "" }, field: "contact_secret"},
		"a space in secrets": {change: func(_ *WechatApp, k *WechatKeys) { k.Contact += " x" }, kept: true, field: "contact_secret"},
		"no token":           {change: func(_ *WechatApp, k *WechatKeys) { k.Token = "" }, field: "token"},
		"in the clear":       {change: func(_ *WechatApp, k *WechatKeys) { k.AESKey = "" }, field: "aes_key"},
		"nowhere":            {change: func(a *WechatApp, _ *WechatKeys) { a.Scope = Scope{} }, field: "communities"},
	} {
		a, k := right()
		c.change(&a, &k)
		err := a.Check(k, c.kept)
		if c.field == "" && err != nil || c.field != "" && !namesField(err, c.field) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, k := right(); strings.Contains(fmt.Sprintf("%v %+v %#v", k, k, k), "ccc") {
		t.Error("the contact secret prints")
	}
}

// A community's own account comes before that of all; one out of use counts for nothing.
func TestWechatAppOf(t *testing.T) {
	apps := []WechatApp{
		{ID: 1, Kind: WechatOfficial, Scope: Everywhere},
		{ID: 2, Kind: WechatOfficial, Scope: ScopeOf(10, 11)},
		{ID: 3, Kind: WechatOfficial, Scope: ScopeOf(12), Disabled: time.Unix(1, 0)},
		{ID: 4, Kind: WechatMini, Scope: ScopeOf(10)},
	}
	for _, c := range []struct {
		kind      WechatAppKind
		community ID
		want      ID
	}{
		{WechatOfficial, 0, 1}, {WechatOfficial, 10, 2}, {WechatOfficial, 11, 2}, {WechatOfficial, 12, 1}, {WechatOfficial, 13, 1},
		{WechatMini, 10, 4}, {WechatMini, 11, 0}, {WechatMini, 0, 0},
	} {
		for range 2 { // in either order
			got, ok := WechatAppOf(apps, c.kind, c.community)
			if got.ID != c.want || ok != (c.want != 0) {
				t.Errorf("%s of %d: %d %t, want %d", c.kind, c.community, got.ID, ok, c.want)
			}
			apps[0], apps[1] = apps[1], apps[0]
		}
	}
}

// What concerns several communities goes by the account that serves each of them, otherwise by that of all.
func TestWechatAppFor(t *testing.T) {
	apps := []WechatApp{
		{ID: 1, Kind: WechatOfficial, AppID: "wx1", Scope: Everywhere},
		{ID: 2, Kind: WechatOfficial, AppID: "wx2", Scope: ScopeOf(10, 11)},
		{ID: 3, Kind: WechatOfficial, AppID: "wx3", Scope: ScopeOf(12)},
	}
	for _, c := range []struct {
		of        Scope
		with, own ID // with an account of all, and without
	}{
		{Everywhere, 1, 0}, {Scope{}, 1, 0}, {ScopeOf(10), 2, 2}, {ScopeOf(10, 11), 2, 2}, {ScopeOf(10, 12), 1, 0}, {ScopeOf(12), 3, 3},
		{ScopeOf(13), 1, 0}, {ScopeOf(13, 10), 1, 0}, {ScopeOf(10, 13), 1, 0},
	} {
		for from, want := range map[int]ID{0: c.with, 1: c.own} {
			if got, ok := WechatAppFor(apps[from:], WechatOfficial, c.of); got.ID != want || ok != (want != 0) {
				t.Errorf("of %v, from %d: %d %t, want %d", c.of, from, got.ID, ok, want)
			}
		}
	}
}

// Only an account of some communities names itself, and only on pages of phones.
func TestWechatAppLeadsToPages(t *testing.T) {
	some := WechatApp{AppID: "wx00000000000000a1", Scope: ScopeOf(10)}
	for path, want := range map[string]string{
		"/h5/pass": "/h5/pass?via=wx00000000000000a1", "/h5/guard?scan=1": "/h5/guard?scan=1&via=wx00000000000000a1",
		"/console/job/1": "/console/job/1",
	} {
		if got := some.PageVia(path); got != want {
			t.Errorf("%s: %s", path, got)
		}
		if got := (WechatApp{AppID: "wx00000000000000a1", Scope: Everywhere}).PageVia(path); got != path {
			t.Errorf("%s of the account of all: %s", path, got)
		}
	}
	menu := MenuWords(DefaultMenu("https://pass.example.com", some))
	if words := strings.Join(menu, " "); !strings.Contains(words, "访客") || CheckMenu(DefaultMenu("https://pass.example.com", some)) != nil {
		t.Errorf("the menu: %s", words)
	}
}

func TestWechatAppClash(t *testing.T) {
	others := []WechatApp{
		{Kind: WechatOfficial, Name: "配置", AppID: "wxa", Scope: Everywhere},
		{ID: 2, Kind: WechatOfficial, Name: "甲", AppID: "wxb", Scope: ScopeOf(10)},
		{ID: 3, Kind: WechatOfficial, Name: "乙", AppID: "wxc", Scope: ScopeOf(11), Disabled: time.Unix(1, 0)},
	}
	for name, c := range map[string]struct {
		app   WechatApp
		field string
	}{
		"itself":                 {WechatApp{ID: 2, Kind: WechatOfficial, AppID: "wxb", Scope: ScopeOf(10)}, ""},
		"another community":      {WechatApp{ID: 9, Kind: WechatOfficial, AppID: "wxd", Scope: ScopeOf(12)}, ""},
		"of one out of use":      {WechatApp{ID: 9, Kind: WechatOfficial, AppID: "wxd", Scope: ScopeOf(11)}, ""},
		"another kind":           {WechatApp{ID: 9, Kind: WechatMini, AppID: "wxd", Scope: ScopeOf(10)}, ""},
		"out of use itself":      {WechatApp{ID: 9, Kind: WechatOfficial, AppID: "wxd", Scope: ScopeOf(10), Disabled: time.Unix(1, 0)}, ""},
		"the same community":     {WechatApp{ID: 9, Kind: WechatOfficial, AppID: "wxd", Scope: ScopeOf(12, 10)}, "communities"},
		"a second of all":        {WechatApp{ID: 9, Kind: WechatOfficial, AppID: "wxd", Scope: Everywhere}, "communities"},
		"the same account":       {WechatApp{ID: 9, Kind: WechatOfficial, AppID: "wxb", Scope: ScopeOf(12)}, "app_id"},
		"the configuration's":    {WechatApp{ID: 9, Kind: WechatOfficial, AppID: "wxa", Scope: ScopeOf(12)}, "app_id"},
		"the same, out of use":   {WechatApp{ID: 9, Kind: WechatOfficial, AppID: "wxc", Scope: ScopeOf(12)}, "app_id"},
		"the same, other kind":   {WechatApp{ID: 9, Kind: WechatMini, AppID: "wxb", Scope: ScopeOf(12)}, "app_id"},
		"several of communities": {WechatApp{ID: 9, Kind: WechatOfficial, AppID: "wxd", Scope: ScopeOf(13, 14)}, ""},
	} {
		err := WechatAppClash(c.app, others, func(id ID) string { return id.String() })
		if (err == nil) != (c.field == "") || c.field != "" && !namesField(err, c.field) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWechatKeysDoNotPrint(t *testing.T) {
	_, keys := anOfficialApp()
	text, err := json.Marshal(map[string]any{"keys": keys})
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "keys", keys)
	for _, said := range []string{fmt.Sprintf("%v %+v %#v %s %q", keys, keys, keys, keys, keys), string(text), log.String()} {
		if strings.Contains(said, keys.Secret) || strings.Contains(said, keys.Token) || strings.Contains(said, keys.AESKey) {
			t.Errorf("it says %s", said)
		}
	}
}

func namesField(err error, field string) bool {
	var e *Error
	return errors.As(err, &e) && e.Fields[field] != ""
}

// The page of an account says which of the settings is wrong, until a message comes that is right.
func TestWrongCalls(t *testing.T) {
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		app  WechatApp
		want string
	}{
		{WechatApp{Refusal: RefusedSignature, Refused: now}, "Token"},
		{WechatApp{Refusal: RefusedPlain, Refused: now, Sealed: true}, "加密方式不一致"},
		{WechatApp{Refusal: RefusedSealed, Refused: now, Sealed: true}, "EncodingAESKey 不一致"},
		{WechatApp{Refusal: RefusedSealed, Refused: now}, "加密方式不一致"},
		{WechatApp{Refusal: RefusedClock, Refused: now, Called: now.Add(-time.Minute)}, "服务器时间不准"},
		{WechatApp{Refusal: RefusedClock, Refused: now, Called: now.Add(time.Minute)}, ""},
		{WechatApp{}, ""},
	} {
		if got := c.app.WrongCalls(); !strings.Contains(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("%+v: %q", c.app, got)
		}
	}
}
