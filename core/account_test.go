package core

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestPermissionTable(t *testing.T) {
	all := Permissions()
	if len(slices.Compact(slices.Sorted(slices.Values(all)))) != len(all) {
		t.Error("a permission is in the table twice")
	}
	for _, p := range all {
		if p.Name() == string(p) || !strings.Contains(string(p), ".") {
			t.Errorf("%s has no name or no stem", p)
		}
	}
	if Permission("x.y").Valid() || Permission("").Valid() {
		t.Error("an unknown permission is valid")
	}
}

func TestRolesTickWhatTheTableHas(t *testing.T) {
	for _, preset := range RoleTable {
		for _, p := range preset.Permissions {
			if !p.Valid() {
				t.Errorf("%s ticks %s, which is not in the table", preset.Role, p)
			}
		}
		if preset.Role != RoleAdmin && slices.Contains(preset.Permissions, PermAccountEdit) {
			t.Errorf("%s may make accounts", preset.Role)
		}
	}
	for _, p := range []Permission{PermResidentReveal, PermResidentEdit, PermAccessRecordExport, PermPassRuleEdit} {
		viewer, _ := RoleViewer.Preset()
		if slices.Contains(viewer.Permissions, p) {
			t.Errorf("a viewer may %s", p)
		}
	}
	if _, err := Role("boss").Preset(); CodeOf(err) != CodeInvalid {
		t.Errorf("unknown role: %v", err)
	}
}

func TestCovers(t *testing.T) {
	of := func(scope Scope, permissions ...Permission) Account {
		return Account{Scope: scope, Permissions: permissions}
	}
	for _, c := range []struct {
		name     string
		a, other Account
		want     bool
	}{
		{"same", of(ScopeOf(1), PermReaderView), of(ScopeOf(1), PermReaderView), true},
		{"fewer permissions", of(ScopeOf(1), PermReaderView, PermReaderEdit), of(ScopeOf(1), PermReaderView), true},
		{"another permission", of(ScopeOf(1), PermReaderView), of(ScopeOf(1), PermReaderEdit), false},
		{"narrower", of(ScopeOf(1, 2), PermReaderView), of(ScopeOf(2), PermReaderView), true},
		{"another community", of(ScopeOf(1), PermReaderView), of(ScopeOf(1, 2), PermReaderView), false},
		{"everywhere", of(Everywhere, PermReaderView), of(ScopeOf(1), PermReaderView), true},
		{"not everywhere", of(ScopeOf(1), PermReaderView), of(Everywhere, PermReaderView), false},
	} {
		if got := c.a.Covers(c.other); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestADisabledAccountMayDoNothing(t *testing.T) {
	a := Account{Permissions: []Permission{PermReaderView}}
	if !a.Has(PermReaderView) || a.Has(PermReaderEdit) {
		t.Error("in use")
	}
	a.Disabled = time.Unix(1, 0)
	if a.Has(PermReaderView) {
		t.Error("disabled")
	}
}

func TestAccountCheck(t *testing.T) {
	good := Account{Login: "zhang.san", Name: "张三", Role: RoleClerk, Permissions: []Permission{PermReaderView}, Scope: ScopeOf(1)}
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for field, change := range map[string]func(a *Account){
		"login":       func(a *Account) { a.Login = "a b" },
		"name":        func(a *Account) { a.Name = "" },
		"role":        func(a *Account) { a.Role = "boss" },
		"permissions": func(a *Account) { a.Permissions = []Permission{"all"} },
		"communities": func(a *Account) { a.Scope = Scope{} },
	} {
		bad := good
		change(&bad)
		err, _ := bad.Check().(*Error)
		if err == nil || len(err.Fields) != 1 || err.Fields[field] == "" {
			t.Errorf("%s: %v", field, err)
		}
	}
	if got := (Account{Login: " Zhang.San ", Name: " 张三 "}).Trimmed(); got.Login != "zhang.san" || got.Name != "张三" {
		t.Errorf("trimmed %+v", got)
	}
}

func TestCheckPassword(t *testing.T) {
	for password, ok := range map[string]bool{
		"correct horse": true, "小区物业的门禁密码很长": true, "short": false, "aaaaaaaaaaaa": false, "1234567890": false, "Admin123456": false,
		"my-wanglei-pass": false, strings.Repeat("abcdefg", 30): false, "with\x00control": false, "ababababab": false,
	} {
		if err := CheckPassword("wanglei", password); (err == nil) != ok {
			t.Errorf("%q: %v", password, err)
		}
	}
}

func TestSignInWait(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	rule := SignInRule{After: 5, MaxWait: 15 * time.Minute}
	for _, c := range []struct {
		name string
		h    SignInHistory
		want time.Duration
	}{
		{"never failed", SignInHistory{}, 0},
		{"four failures", SignInHistory{Failures: 4, Last: now}, 0},
		{"five", SignInHistory{Failures: 5, Last: now}, 15 * time.Second},
		{"six", SignInHistory{Failures: 6, Last: now}, 30 * time.Second},
		{"six, a while ago", SignInHistory{Failures: 6, Last: now.Add(-20 * time.Second)}, 10 * time.Second},
		{"six, over", SignInHistory{Failures: 6, Last: now.Add(-time.Minute)}, 0},
		{"many", SignInHistory{Failures: 500, Last: now}, 15 * time.Minute},
		{"attacked from elsewhere: the owner's own address", SignInHistory{Elsewhere: 10000, Known: true}, 0},
		{"the owner's address after a slip", SignInHistory{Failures: 2, Last: now, Elsewhere: 10000, Known: true}, 0},
		{"the owner at a new address", SignInHistory{Elsewhere: 10000}, 0},
		{"a new address after one failure", SignInHistory{Failures: 1, Last: now, Elsewhere: 50}, 15 * time.Second},
		{"a few elsewhere", SignInHistory{Failures: 1, Last: now, Elsewhere: 49}, 0},
	} {
		if got := rule.Wait(c.h, now); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestWaitNeverShrinksWithFailures(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	rule := SignInRule{After: 3, MaxWait: 10 * time.Minute}
	last := time.Duration(0)
	for failures := range 2000 {
		wait := rule.Wait(SignInHistory{Failures: failures, Last: now}, now)
		if wait < last || wait > rule.MaxWait {
			t.Fatalf("%d failures: %v after %v", failures, wait, last)
		}
		last = wait
	}
}

func TestSessionExpiry(t *testing.T) {
	began := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	life := SessionLife{Idle: 2 * time.Hour, MaxLife: 24 * time.Hour}
	if got := life.Expiry(began, began.Add(time.Hour)); !got.Equal(began.Add(3 * time.Hour)) {
		t.Errorf("in use: %v", got)
	}
	if got := life.Expiry(began, began.Add(23*time.Hour)); !got.Equal(began.Add(24 * time.Hour)) {
		t.Errorf("at most: %v", got)
	}
	s := Session{Expires: began}
	if s.Live(began) || !s.Live(began.Add(-time.Millisecond)) {
		t.Error("expiry is the first moment it is not good")
	}
	s.Ended = began.Add(-time.Hour)
	if s.Live(began.Add(-time.Minute)) {
		t.Error("an ended session is good")
	}
}

func TestWithNeeded(t *testing.T) {
	got := WithNeeded([]Permission{"zz", PermAccessAlertHandle, PermResidentEdit, PermResidentEdit})
	want := []Permission{PermAccessAlertView, PermAccessAlertHandle, PermResidentView, PermResidentEdit, PermHouseView, "zz"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for _, preset := range RoleTable {
		if got := WithNeeded(preset.Permissions); !slices.Equal(got, preset.Permissions) {
			t.Errorf("%s needs %v", preset.Name, got)
		}
	}
}
