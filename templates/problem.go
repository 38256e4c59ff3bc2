package templates

import "net/http"

// Problem is what a user sees when a page cannot be shown. The pages "console/error/show" and
// "h5/error/show" take ConsoleProblem and PhoneProblem.
type Problem struct {
	Status  int // 0 is not shown
	Icon    string
	Title   string
	Text    string
	Request string // id of the request, to quote to support; empty shows nothing
	Actions []Action
}

// ConsoleProblem is the page "console/error/show". With a menu in Shell it is drawn inside the
// console, otherwise alone.
type ConsoleProblem struct {
	Shell
	Problem Problem
}

// PhoneProblem is the page "h5/error/show".
type PhoneProblem struct {
	Phone
	Problem Problem
}

// problems are the texts by status.
var problems = map[int]Problem{
	http.StatusBadRequest:            {Icon: "alert-circle", Title: "请求有误", Text: "这个请求的内容不完整或格式不对，请返回后重试。"},
	http.StatusUnauthorized:          {Icon: "login", Title: "登录已过期", Text: "为了安全，较长时间未操作或账号状态变化后需要重新登录。"},
	http.StatusForbidden:             {Icon: "lock", Title: "没有权限", Text: "您的账号不能查看或操作这里。如确有需要，请联系管理员开通。"},
	http.StatusNotFound:              {Icon: "search", Title: "没有找到", Text: "要查看的内容不存在，或已被删除，也可能不属于您管理的小区。"},
	http.StatusMethodNotAllowed:      {Icon: "alert-circle", Title: "不支持此操作", Text: "这个地址不支持此操作，请返回后重试。"},
	http.StatusConflict:              {Icon: "refresh", Title: "内容已变化", Text: "在您操作期间，别人已经修改了它。请刷新后再试。"},
	http.StatusRequestEntityTooLarge: {Icon: "upload", Title: "内容太大", Text: "提交的内容或文件超过了上限，请缩小后重试。"},
	http.StatusUnprocessableEntity:   {Icon: "alert-triangle", Title: "填写有误", Text: "提交的内容不符合要求，请返回修改后重试。"},
	http.StatusTooManyRequests:       {Icon: "hourglass", Title: "操作太频繁", Text: "请稍等片刻再试。"},
	http.StatusServiceUnavailable:    {Icon: "hourglass", Title: "服务暂时不可用", Text: "系统正在恢复，请稍后刷新页面。"},
	http.StatusInternalServerError:   {Icon: "alert-circle", Title: "系统出错了", Text: "问题已经记录下来。请稍后重试；若一直如此，请把下面的编号告诉管理员。"},
}

// NewProblem returns the Chinese text for an HTTP status; a status without a text gets that of 500
// (or of 400, below 500). text, unless empty, replaces the explanation: it must be written for
// users.
func NewProblem(status int, text string) Problem {
	p, ok := problems[status]
	if !ok {
		known := http.StatusInternalServerError
		if status < known {
			known = http.StatusBadRequest
		}
		p = problems[known]
	}
	p.Status = status
	if text != "" {
		p.Text = text
	}
	return p
}
