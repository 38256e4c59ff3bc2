package core

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Account is a user of the console.
type Account struct {
	ID          ID
	Login       string // lower case
	Name        string
	Role        Role // the preset it was made from; grants nothing by itself
	Permissions []Permission
	Scope       Scope // the communities it may act in
	Operator    bool  // runs the deployment: see Actor.MayOperate; independent of Scope
	MustChange  bool  // the password must be changed before anything else
	Generation  int64 // raised to end all sessions of earlier generations
	User        ID    // bound WeChat user; 0 = none
	Created     time.Time
	Disabled    time.Time
	Updated     time.Time // see Stale
}

// Has reports whether the account may do p. A disabled one may do nothing.
func (a Account) Has(p Permission) bool {
	return a.Disabled.IsZero() && slices.Contains(a.Permissions, p)
}

// Covers reports whether a may do everything other may, everywhere other may. Only then may a
// create, change or disable other: nobody can grant more than they hold or take over an account
// that holds more.
func (a Account) Covers(other Account) bool {
	return len(a.lacks(other)) == 0 && a.Scope.Covers(other.Scope) && (a.Operator || !other.Operator)
}

// lacks returns the permissions of other that a does not have.
func (a Account) lacks(other Account) []Permission {
	return slices.DeleteFunc(slices.Clone(other.Permissions), func(p Permission) bool { return slices.Contains(a.Permissions, p) })
}

var loginForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._@-]{2,63}$`)

// NormalLogin returns a login name in its stored form: lower case, without surrounding spaces.
func NormalLogin(login string) string { return strings.ToLower(strings.TrimSpace(login)) }

// Trimmed returns the account with its texts in their stored form.
func (a Account) Trimmed() Account {
	a.Login, a.Name = NormalLogin(a.Login), Clean(a.Name)
	return a
}

// Check returns an Invalid error that names the account's bad fields.
func (a Account) Check() error {
	fields := map[string]string{}
	if !loginForm.MatchString(a.Login) {
		fields["login"] = "账号为 3 至 64 位小写字母、数字或 . _ @ -，以字母或数字开头"
	}
	if !nameText(a.Name, 64) {
		fields["name"] = "请填写姓名，最多 64 个字"
	}
	if _, err := a.Role.Preset(); err != nil {
		fields["role"] = "请选择角色"
	}
	if len(a.Permissions) == 0 {
		fields["permissions"] = "请至少勾选一项权限"
	}
	for _, p := range a.Permissions {
		if !p.Valid() {
			fields["permissions"] = "权限不存在"
		}
	}
	if a.Scope.Empty() {
		fields["communities"] = "请至少选择一个小区"
	}
	return InvalidFields(fields)
}

// Bounds of a password. The limit in characters is for people, the limit in bytes bounds the
// hashing work.
const (
	MinPassword = 10
	MaxPassword = 128
)

// CheckPassword rejects a password that is too short, too common, or contains the login name. The
// error is Invalid, with a message for the field "password".
func CheckPassword(login, password string) error {
	message := ""
	n := utf8.RuneCountInString(password)
	switch {
	case n < MinPassword || n > MaxPassword:
		message = "密码长度为 10 至 128 位"
	case !utf8.ValidString(password) || strings.ContainsFunc(password, unicode.IsControl):
		message = "密码含有不能使用的字符"
	case distinct(password) < 5:
		message = "密码过于简单，请使用至少 5 个不同的字符"
	case len(login) >= 3 && strings.Contains(strings.ToLower(password), NormalLogin(login)):
		message = "密码不能包含账号"
	case slices.Contains(plainPasswords, strings.ToLower(password)):
		message = "密码过于常见，请换一个"
	default:
		return nil
	}
	return InvalidFields(map[string]string{"password": message})
}

func distinct(s string) int {
	seen := map[rune]bool{}
	for _, r := range s {
		seen[r] = true
	}
	return len(seen)
}

// plainPasswords are the most commonly guessed passwords that are long enough to be accepted.
var plainPasswords = []string{
	"1234567890", "0123456789", "12345678910", "123456789a", "a123456789", "1q2w3e4r5t", "qwertyuiop", "password123", "password1234",
	"passw0rd123", "admin12345", "admin123456", "administrator", "qwerty12345", "abcd123456", "1qaz2wsx3edc",
	"woaini1314520", "iloveyou123",
}

// SignInRule bounds how fast passwords may be guessed.
type SignInRule struct {
	After   int           // failures in a row before the first wait
	MaxWait time.Duration // the longest wait
}

// SignInHistory summarises the recent attempts at one login name.
type SignInHistory struct {
	Failures  int       // of this address since its last success
	Last      time.Time // the latest of them
	Elsewhere int       // failures of other addresses
	Wide      int       // those of them from the same IPv6 /48
	WideLast  time.Time // the latest of these
	Known     bool      // this address has recently signed in to this account
	Codes     int       // wrong second-step codes, from any address
}

// Bounds on guessing the second step, for an attacker who has the password.
const (
	CodeTries    = 5  // codes that may be tried per correct password
	CodesPerHour = 50 // wrong codes per account after which unknown addresses are refused
)

// CodesRefused reports whether codes from this address are refused unchecked. So many have been
// wrong that somebody who has the password must be guessing, from any number of addresses; only
// addresses that have recently signed in to the account are still served.
func (h SignInHistory) CodesRefused() bool { return h.Codes >= CodesPerHour && !h.Known }

// Wait returns how long an address must wait before it may try this login name again; 0 means no
// wait.
//
// The wait belongs to the pair of login name and address: somebody who fails on purpose locks out
// only themselves. While many addresses fail at one name, an address that has never succeeded there
// waits after its first failure, but it, too, always has that first attempt.
func (r SignInRule) Wait(h SignInHistory, now time.Time) time.Duration {
	after := max(r.After, 1)
	if h.Elsewhere >= 10*after && !h.Known {
		after = 1
	}
	failures, last := h.Failures, h.Last
	// The holder of an IPv6 /48 has 65,536 networks: ten failures there count as one.
	if wide := h.Wide / 10; wide > failures && !h.Known {
		failures, last = wide, h.WideLast
	}
	if failures < after {
		return 0
	}
	wait := r.MaxWait
	if doublings := failures - after; doublings < 16 {
		wait = min(15*time.Second<<doublings, r.MaxWait)
	}
	return max(last.Add(wait).Sub(now), 0)
}

// Granter is the actor who creates or changes accounts, with the permissions they hold, which bound
// what they can grant.
type Granter struct {
	Actor Actor
	Holds Account
}

// SystemGranter is the program itself, acting through its command line: it holds every permission.
var SystemGranter = Granter{Actor: System, Holds: Account{Permissions: Permissions(), Scope: Everywhere, Operator: true}}

// CheckGrant returns an error if a has more than the granter holds, with a message by field.
func (g Granter) CheckGrant(a Account) error {
	fields := map[string]string{}
	if lacks := g.Holds.lacks(a); len(lacks) > 0 {
		names := make([]string, len(lacks))
		for i, p := range lacks {
			names[i] = p.Name()
		}
		fields["permissions"] = "不能授予您自己没有的权限：" + strings.Join(names, "、")
	}
	if !g.Holds.Scope.Covers(a.Scope) {
		fields["communities"] = "不能授予您管理范围以外的小区"
	}
	if a.Operator && !g.Holds.Operator {
		fields["operator"] = "只有运维人可以设置运维人"
	}
	return InvalidFields(fields)
}

// accountFields label what the audit log records of an account.
var accountFields = []AuditField{
	{Key: "name", Label: "姓名"},
	{Key: "login", Label: "账号"},
	{Key: "role", Label: "角色", Value: nameOf[Role]},
	{Key: "permissions", Label: "权限", Value: nameOf[Permission], List: true},
	{Key: "communities", Label: communitiesLabel, List: true},
	{Key: "operator", Label: "运维人"},
	{Key: "disabled", Label: "已停用"},
}
