package web

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"html/template"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/templates"
)

// Errors before the handler is reached that have HTTP statuses of their own, besides the codes of
// core.
var (
	errTooLarge   = &core.Error{Code: codeTooLarge, Message: "提交的内容过大"}
	errCrossSite  = &core.Error{Code: core.CodeForbidden, Message: "页面已过期或来源不明，请返回刷新后重试"}
	errMustChange = &core.Error{Code: codeMustChange, Message: "请先修改初始密码"}
	errMethod     = &core.Error{Code: codeMethod, Message: "这个地址不支持此操作，请返回后重试"}
	errNoPhone    = &core.Error{Code: codeNoPhone, Message: "请先验证手机号"}
)

// errNotSignedIn is for a caller who has no session.
var errNotSignedIn = core.Unauthenticated("请先登录")

const (
	codeTooLarge   core.Code = "too_large"
	codeMethod     core.Code = "method_not_allowed"
	codeLimited    core.Code = "rate_limited"
	codeTimeout    core.Code = "timeout"
	codeMustChange core.Code = "must_change_password"
	codeNoPhone    core.Code = "phone_required"
)

// statuses maps error codes to HTTP statuses; there is no other such table.
var statuses = map[core.Code]int{
	core.CodeInvalid:         http.StatusUnprocessableEntity,
	core.CodeUnauthenticated: http.StatusUnauthorized,
	core.CodeForbidden:       http.StatusForbidden,
	core.CodeNotFound:        http.StatusNotFound,
	core.CodeConflict:        http.StatusConflict,
	core.CodeUnavailable:     http.StatusServiceUnavailable,
	core.CodeInternal:        http.StatusInternalServerError,
	codeMethod:               http.StatusMethodNotAllowed,
	codeTooLarge:             http.StatusRequestEntityTooLarge,
	codeLimited:              http.StatusTooManyRequests,
	codeTimeout:              http.StatusServiceUnavailable,
	codeMustChange:           http.StatusForbidden,
	codeNoPhone:              http.StatusForbidden,
}

// StatusOf returns the HTTP status of an error.
func StatusOf(err error) int { return statuses[codeOf(err)] }

func codeOf(err error) core.Code {
	if errors.As(err, new(*limitError)) {
		return codeLimited
	}
	code := core.CodeOf(err)
	if code == core.CodeInternal && errors.Is(err, context.DeadlineExceeded) {
		return codeTimeout
	}
	if _, known := statuses[code]; !known {
		return core.CodeInternal
	}
	return code
}

// limitError asks the caller to wait.
type limitError struct {
	wait  time.Duration
	words string // shown to users; "" = the default: too many calls
}

func (e *limitError) Error() string { return "rate limited for " + e.wait.String() }

// seconds returns how long to wait, at least one second.
func (e *limitError) seconds() int { return max(int((e.wait+time.Second-1)/time.Second), 1) }

// TooMany returns an error that asks the caller to wait: 429 with Retry-After.
func TooMany(wait time.Duration) error { return &limitError{wait: wait} }

func messageOf(err error) string {
	var limited *limitError
	switch {
	case errors.As(err, &limited) && limited.words != "":
		return limited.words
	case errors.As(err, &limited):
		return fmt.Sprintf("操作过于频繁，请 %d 秒后再试", limited.seconds())
	case codeOf(err) == codeTimeout:
		return "处理超时，请稍后再试"
	}
	return core.MessageOf(err)
}

// pageMessageOf returns what an error's page says. It has no form in which wrong fields could be marked: their
// messages are listed, and without a form, in the address alone, they are wrong as a whole.
func pageMessageOf(method string, err error) string {
	fields := FieldsOf(err)
	switch {
	case errors.Is(err, errNoPhone):
		return "请在“通行”小程序里点“微信手机号一键验证”，再回到这里"
	case len(fields) == 0:
		return messageOf(err)
	case method == http.MethodGet:
		return core.MessageOf(errAddress)
	}
	return strings.Join(slices.Sorted(maps.Values(fields)), "；")
}

// causeOf returns the heading of an error whose status says less than is known.
func causeOf(method string, err error) string {
	switch {
	case method == http.MethodGet && core.IsInvalid(err):
		return "地址有误"
	case core.IsStale(err):
		return "已被他人修改"
	case errors.Is(err, errCrossSite):
		return "页面已过期"
	case errors.Is(err, errNotSignedIn):
		return "还没有登录"
	case errors.Is(err, errNoPhone):
		return errNoPhone.Message
	}
	return ""
}

// ErrorPage is the data of an error page.
type ErrorPage struct {
	Status    int
	Code      core.Code
	Cause     string // as a heading; "" = what the status says
	Message   string // shown to the user
	RequestID string
}

// Problem returns what the page says: under its cause, if that is known.
func (p ErrorPage) Problem() templates.Problem {
	message := p.Message
	if p.Code == core.CodeInternal {
		message = "" // it says less than the status's own words
	}
	problem := templates.NewProblem(p.Status, message)
	problem.Title = cmp.Or(p.Cause, problem.Title)
	problem.Request = p.RequestID
	return problem
}

// ErrorBody is the JSON API's response to a failed call.
type ErrorBody struct {
	Code      core.Code         `json:"code"`
	Message   string            `json:"message"`
	Fields    map[string]string `json:"fields,omitempty"`
	RequestID string            `json:"request_id"`
}

// ErrorBodyOf returns the response to a call that failed with an error.
func ErrorBodyOf(c *Context, err error) ErrorBody {
	return ErrorBody{Code: codeOf(err), Message: messageOf(err), Fields: FieldsOf(err), RequestID: c.RequestID()}
}

// elsewhereError sends a request for a page to another URL.
type elsewhereError struct{ path string }

func (e *elsewhereError) Error() string { return "the page is at another URL" }

// Elsewhere returns the error of a page that is shown at another path of this site: the browser is
// redirected there. It is for what many handlers have to decide in the same way.
func Elsewhere(path string) error { return &elsewhereError{path} }

// fail converts an error into a response; nothing else does.
func (a *App) fail(c *Context, err error) {
	if c.state.writer.began() {
		// Part of the response is already sent: abort it, so that it does not look complete.
		if !c.HungUp() {
			a.o.Log.Error("failed after the answer began", "path", c.route.Path, "request_id", c.RequestID(), "err", err)
		}
		panic(http.ErrAbortHandler)
	}
	var elsewhere *elsewhereError
	if errors.As(err, &elsewhere) && c.Redirect(elsewhere.path) == nil {
		return
	}
	code := codeOf(err)
	a.note(c, code, err)
	var limited *limitError
	if errors.As(err, &limited) {
		c.Header().Set("Retry-After", strconv.Itoa(limited.seconds()))
	}
	if answerErr := a.answer(c, code, err); answerErr != nil {
		a.o.Log.Error("render an error", "path", c.route.Path, "request_id", c.RequestID(), "err", answerErr)
		http.Error(c.w, "系统繁忙，请稍后再试", http.StatusInternalServerError)
	}
}

// note logs the details that users are not shown: why this program failed, or which other one did not answer it. A
// caller who hung up is not a failure.
func (a *App) note(c *Context, code core.Code, err error) {
	var known *core.Error
	log := a.o.Log.Error
	switch {
	case errors.Is(err, context.Canceled) || c.HungUp():
		return
	case code == core.CodeInternal:
	case code == core.CodeUnavailable && errors.As(err, &known) && known.Err != nil:
		log = a.o.Log.Warn
	default:
		return
	}
	log("request failed", "method", c.r.Method, "path", c.route.Path, "request_id", c.RequestID(), "err", err)
}

// Shortfall logs that a part of the answer is missing, which the page says in words of its own. err
// must hold nothing that was typed.
func (c *Context) Shortfall(part string, err error) {
	if !c.HungUp() {
		c.app.o.Log.Warn("part of a page is missing", "part", part, "path", c.route.Path, "request_id", c.RequestID(), "err", err)
	}
}

func (a *App) answer(c *Context, code core.Code, err error) error {
	if c.route.OnError != nil {
		return c.route.OnError(c, err)
	}
	if c.api || c.wantsJSON() {
		return c.JSON(statuses[code], ErrorBodyOf(c, err))
	}
	if place := c.elsewhere(code); place != "" {
		return c.Redirect(place)
	}
	page := ErrorPage{
		Status: statuses[code], Code: code, Cause: causeOf(c.r.Method, err), Message: pageMessageOf(c.r.Method, err),
		RequestID: c.RequestID(),
	}
	if a.o.ErrorPage != nil {
		return a.o.ErrorPage(c, page)
	}
	return c.HTML(page.Status, func(w io.Writer) error { return plainErrorPage.Execute(w, page) })
}

// wantsJSON reports whether a script asks for data rather than a page.
func (c *Context) wantsJSON() bool { return c.r.Header.Get("Accept") == "application/json" }

// elsewhere returns where a browser is redirected instead of an error page: to sign in, or to
// change an initial password. Only GET pages are returned to after sign-in.
func (c *Context) elsewhere(code core.Code) string {
	switch code {
	case codeMustChange:
		return PasswordPage
	case core.CodeUnauthenticated:
		if c.keepDraft() {
			c.Flash(FlashWarning, "登录已过期。刚才填写的内容已经保留，登录后可以接着填。")
			return signInPage(c.surface) + "?next=" + url.QueryEscape(DraftPage)
		}
		if c.r.Method != http.MethodGet && !c.IsPartial() {
			return ""
		}
		page := signInPage(c.surface)
		if page == "" || c.r.Method != http.MethodGet || c.IsPartial() {
			return page
		}
		return page + "?next=" + url.QueryEscape(c.r.URL.RequestURI())
	}
	return ""
}

// signInPage returns the sign-in page of a surface.
func signInPage(surface Surface) string {
	switch surface {
	case SurfaceConsole:
		return "/console/session"
	case SurfaceGuard, SurfaceObserver, SurfaceResident, SurfaceReview, SurfaceStaff:
		return "/h5/session/" + string(surface)
	}
	return ""
}

// FieldsOf returns the field messages of an invalid form; nil for any other error.
func FieldsOf(err error) map[string]string {
	var e *core.Error
	if errors.As(err, &e) {
		return e.Fields
	}
	return nil
}

// plainErrorPage is used if Options has no template.
var plainErrorPage = template.Must(template.New("error").Parse(`<!doctype html>
<html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{.Message}}</title><h1>{{.Message}}</h1><p>编号 {{.RequestID}}</p></html>
`))
