package desk

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/PuerkitoBio/goquery"
	"github.com/xuri/excelize/v2"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/store"
)

// Export downloads the list's spreadsheet and returns its rows.
func (b *Clerk) Export(t *testing.T, query string) [][]string {
	t.Helper()
	return b.Sheet(t, frame.AccessRecordPath+"/export.xlsx?"+query)
}

// Sheet downloads a spreadsheet and returns its rows.
func (b *Clerk) Sheet(t *testing.T, path string) [][]string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.Desk.Address+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	return b.Download(t, request)
}

// Download returns the rows of the spreadsheet returned by a request.
func (b *Clerk) Download(t *testing.T, request *http.Request) [][]string {
	t.Helper()
	response, err := b.Client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("export: %d, %v", response.StatusCode, err)
	}
	if name := response.Header.Get("Content-Disposition"); !strings.HasPrefix(name, "attachment") || !strings.Contains(name, ".xlsx") {
		t.Errorf("named %q", name)
	}
	f, err := excelize.OpenReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := f.GetRows(f.GetSheetList()[0])
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

// Watch sends a request as the page's script does; to is the redirect.
func (b *Clerk) Watch(t *testing.T, path string) (status int, to string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.Desk.Address+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("HX-Request", "true")
	response, err := b.Client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode, response.Header.Get("HX-Redirect")
}

// Clerk is a browser with a signed-in account.
type Clerk struct {
	Desk   *Desk
	Client *http.Client
	CSRF   string
}

// SignIn returns a browser with a new account for the communities of scope.
func (d *Desk) SignIn(t *testing.T, scope core.Scope, permissions ...core.Permission) *Clerk {
	t.Helper()
	return d.signIn(t, core.Account{Name: "文员", Role: core.RoleClerk, Permissions: permissions, Scope: scope})
}

// SignInAs returns a browser with a new account of a role, as it is preset.
func (d *Desk) SignInAs(t *testing.T, scope core.Scope, role core.Role) *Clerk {
	t.Helper()
	preset, err := role.Preset()
	if err != nil {
		t.Fatal(err)
	}
	return d.signIn(t, core.Account{Name: preset.Name, Role: role, Permissions: preset.Permissions, Scope: scope})
}

func (d *Desk) signIn(t *testing.T, account core.Account) *Clerk {
	t.Helper()
	const first, second = "correct-horse-7", "battery-staple-8"
	account.Login, account.Operator = fmt.Sprintf("clerk%s", d.Store.NewID()), account.Scope.Whole()
	id, err := d.Store.CreateAccount(t.Context(), core.SystemGranter, account, first)
	if err != nil {
		t.Fatal(err)
	}
	token, session, err := d.Store.StartSession(t.Context(), store.NewSession{
		Kind: core.SessionAccount, Subject: id, Life: core.SessionLife{Idle: time.Hour, MaxLife: time.Hour},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Store.ChangePassword(
		t.Context(), core.System, store.PasswordChange{Session: session, Old: first, New: second},
	); err != nil {
		t.Fatal(err)
	}
	jar, _ := cookiejar.New(nil) // never fails
	site, _ := url.Parse(d.Address)
	jar.SetCookies(site, []*http.Cookie{{Name: "tx_console", Value: token}})
	b := &Clerk{Desk: d, Client: &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}}
	page := b.Get(t, tokenPath, http.StatusOK)
	b.CSRF, _ = page.Find(`meta[name="csrf-token"]`).Attr("content")
	if b.CSRF == "" {
		t.Fatal("the page carries no form token")
	}
	return b
}

// Do sends a request, checks the status, and returns the page and the redirect.
func (b *Clerk) Do(t *testing.T, request *http.Request, status int) (*goquery.Document, string) {
	t.Helper()
	response, err := b.Client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	page, err := goquery.NewDocumentFromReader(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != status {
		t.Errorf(
			"%s %s: %d, want %d: %s", request.Method, request.URL.Path, response.StatusCode, status,
			strings.Join(strings.Fields(page.Find("main").Text()), " "),
		)
	}
	return page, response.Header.Get("Location")
}

// Get returns a page.
func (b *Clerk) Get(t *testing.T, path string, status int) *goquery.Document {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.Desk.Address+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	page, _ := b.Do(t, request, status)
	return page
}

// Stream opens a live stream, and returns what waits for its next event of a name.
func (b *Clerk) Stream(t *testing.T, path string) (next func(name string)) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.Desk.Address+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	response, err := b.Client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	if response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d", path, response.StatusCode)
	}
	lines := bufio.NewScanner(response.Body)
	return func(name string) {
		t.Helper()
		for lines.Scan() {
			if lines.Text() == "event: "+name {
				return
			}
		}
		t.Fatalf("%s ended: %v", path, lines.Err())
	}
}

// Part returns a part of a page, asked for as a script does.
func (b *Clerk) Part(t *testing.T, path string, status int) *goquery.Document {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.Desk.Address+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("HX-Request", "true")
	part, _ := b.Do(t, request, status)
	return part
}

// Post submits a form and returns the page or the redirect.
func (b *Clerk) Post(t *testing.T, path string, form url.Values, status int) (*goquery.Document, string) {
	t.Helper()
	return b.Do(t, b.Form(t, path, form), status)
}

// Redrawn returns a CSRF token as another rendering of its page would contain it: the same secret
// under another mask. A form submitted twice from one rendering takes effect once.
func Redrawn(token string) string {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(raw)%2 != 0 {
		return token // a test's own token
	}
	pad, masked := raw[:len(raw)/2], raw[len(raw)/2:]
	for i := range pad {
		fresh := byte(rand.IntN(256))
		masked[i] ^= pad[i] ^ fresh
		pad[i] = fresh
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

// Form returns the request that submits a form, with the CSRF token.
func (b *Clerk) Form(t *testing.T, path string, form url.Values) *http.Request {
	t.Helper()
	sent := url.Values{web.CSRFField: {Redrawn(b.CSRF)}}
	for name, values := range form {
		sent[name] = values
	}
	request, err := http.NewRequestWithContext(
		t.Context(), http.MethodPost, b.Desk.Address+path, io.NopCloser(strings.NewReader(sent.Encode())),
	)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return request
}

// Sent returns where a page redirects to.
func (b *Clerk) Sent(t *testing.T, path string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, b.Desk.Address+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	_, to := b.Do(t, request, http.StatusSeeOther)
	return to
}

// Upload submits a form with a file, as multipart.
func (b *Clerk) Upload(t *testing.T, path string, form url.Values, field string, file []byte, status int) *goquery.Document {
	t.Helper()
	return b.UploadAs(t, path, form, SentFile{field, "名单.csv", file}, status)
}

// SentFile is a file in a form.
type SentFile struct {
	Field, Name string
	Content     []byte
}

// UploadAs submits a form with a file of any name.
func (b *Clerk) UploadAs(t *testing.T, path string, form url.Values, file SentFile, status int) *goquery.Document {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	sent := url.Values{web.CSRFField: {Redrawn(b.CSRF)}}
	maps.Copy(sent, form)
	for name, values := range sent {
		for _, value := range values {
			if err := w.WriteField(name, value); err != nil {
				t.Fatal(err)
			}
		}
	}
	part, err := w.CreateFormFile(file.Field, file.Name)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = part.Write(file.Content) // writes to memory
	w.Close()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.Desk.Address+path, &body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", w.FormDataContentType())
	page, _ := b.Do(t, request, status)
	return page
}

// Visitor returns a browser that is not signed in.
func (d *Desk) Visitor() *Clerk {
	jar, _ := cookiejar.New(nil) // never fails
	return &Clerk{Desk: d, Client: &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}}
}

// Open loads a page with a form and takes its token.
func (b *Clerk) Open(t *testing.T, path string) *goquery.Document {
	t.Helper()
	page := b.Get(t, path, http.StatusOK)
	b.CSRF, _ = page.Find(`form input[name="csrf"]`).First().Attr("value")
	return page
}

// Shown returns the token in the QR code that a browser shows, as a phone reads it.
func (b *Clerk) Shown(t *testing.T, code string) (token string) {
	t.Helper()
	u, err := url.Parse(b.Desk.Address)
	if err != nil {
		t.Fatal(err)
	}
	for _, cookie := range b.Client.Jar.Cookies(u) {
		if parts := strings.Split(cookie.Value, "."); strings.HasSuffix(cookie.Name, "wechat-login") && parts[2] == code {
			token = parts[0]
		}
	}
	if token == "" || len(code) != 2 {
		t.Fatalf("no QR, or digits %q", code)
	}
	return token
}
