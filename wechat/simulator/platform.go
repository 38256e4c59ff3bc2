package simulator

import (
	"net/http"
	"net/url"
)

type platformView struct {
	base
	App   App
	Flash string
	Bad   bool
}

// platformPage is what the platform's admin site shows of an account: its id and secret, and where its messages
// go to.
func (s *Simulator) platformPage(w http.ResponseWriter, r *http.Request) {
	app, known := s.App(r.PathValue("app"))
	if !known {
		http.NotFound(w, r)
		return
	}
	view := platformView{base: s.base(app.Name), App: app, Flash: r.URL.Query().Get("ok")}
	if bad := r.URL.Query().Get("bad"); bad != "" {
		view.Flash, view.Bad = bad, true
	}
	s.render(w, http.StatusOK, "platform", view)
}

// postServer saves where an account's messages go to, if the address passes the check.
func (s *Simulator) postServer(w http.ResponseWriter, r *http.Request) {
	id, result := r.PathValue("app"), "?ok="+url.QueryEscape("已启用，回调校验通过")
	if err := s.SetCallback(r.Context(), id, Callback{
		URL: r.PostFormValue("url"), Token: r.PostFormValue("token"), AESKey: r.PostFormValue("aes_key"),
	}); err != nil {
		result = "?bad=" + url.QueryEscape("没有启用："+err.Error())
	}
	s.redirect(w, r, "/platform/"+(&url.URL{Path: id}).EscapedPath()+result)
}
