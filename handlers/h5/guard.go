package h5

import (
	"net/http"

	"tongxing/core"
	"tongxing/handlers/web"
	"tongxing/store"
	"tongxing/templates"
)

func (h *H5) guardRoutes() []web.Route {
	return []web.Route{
		{Method: http.MethodGet, Path: "/h5/guard", Access: web.Guard, Handler: h.postList},
		{Method: http.MethodGet, Path: "/h5/guard/:post", Access: web.Guard, Handler: h.postShow},
		{Method: http.MethodGet, Path: "/h5/guard/:post/events", Access: web.Guard, Handler: h.postEvents, Time: -1},
		{Method: http.MethodGet, Path: "/h5/guard/:post/scanner", Access: web.Guard, Handler: h.scanner},
		{Method: http.MethodGet, Path: "/h5/guard/:post/search", Access: web.Guard, Handler: h.residentSearchShow},
		{Method: http.MethodPost, Path: "/h5/guard/:post/search", Access: web.Guard, Handler: h.residentSearch, Reads: true},
		{Method: http.MethodGet, Path: "/h5/guard/:post/inside", Access: web.Guard, Handler: h.insideList},
		{Method: http.MethodPost, Path: "/h5/guard/:post/inside/leave", Access: web.Guard, Handler: h.insideLeave},
		{Method: http.MethodPost, Path: "/h5/guard/:post/inside/undo", Access: web.Guard, Handler: h.insideUndo},
		{Method: http.MethodGet, Path: "/h5/guard/:post/alerts", Access: web.Guard, Handler: h.alertList},
		{Method: http.MethodGet, Path: "/h5/guard/:post/shift", Access: web.Guard, Handler: h.shiftShow},
		{Method: http.MethodPost, Path: "/h5/guard/:post/shift", Access: web.Guard, Handler: h.shiftTake},
		{Method: http.MethodPost, Path: "/h5/guard/:post/shift/handover", Access: web.Guard, Handler: h.shiftHandOver},
		{Method: http.MethodGet, Path: "/h5/guard/:post/poster", Access: web.Guard, Handler: h.guardPoster},
		{Method: http.MethodGet, Path: "/h5/guard/:post/photo/:id", Access: web.Guard, Handler: h.guardPhoto},
		{Method: http.MethodPost, Path: "/h5/guard/:post/look", Access: web.Guard, Handler: h.passPreview},
		{Method: http.MethodPost, Path: "/h5/guard/:post/late", Access: web.Guard, Handler: h.passLate},
		{Method: http.MethodPost, Path: "/h5/guard/:post/release", Access: web.Guard, Handler: h.passRelease},
	}
}

type postListPage struct {
	templates.Phone
	Posts []core.GuardPost
	Empty templates.Empty
}

// postList redirects a guard with a single post to it.
func (h *H5) postList(c *web.Context) error {
	posts, err := h.ownPosts(c)
	if err != nil {
		return err
	}
	if len(posts) == 1 {
		return c.Redirect("/h5/guard/" + posts[0].ID.String())
	}
	return h.show(c, http.StatusOK, "guard/list", postListPage{
		Phone: h.phone(c, "选择门岗", c.Guard().Name), Posts: posts,
		Empty: templates.Empty{Icon: "shield", Title: "还没有安排门岗", Text: "请联系物业管理员为您安排。"},
	})
}

// ownPosts returns the posts in service that the guard is assigned to.
func (h *H5) ownPosts(c *web.Context) ([]core.GuardPost, error) {
	guard := c.Guard()
	posts, _, err := h.store.GuardPosts(c.Ctx(), core.ScopeOf(guard.Community), store.GuardPostFilter{
		Guard: guard.ID, Disabled: "no", Sort: "name", Page: store.Page{Limit: store.PostsOfOneCommunity},
	})
	return posts, err
}

// ownPost returns the post in the URL; one that the guard is not assigned to is NotFound.
func (h *H5) ownPost(c *web.Context) (core.GuardPost, error) {
	id, err := c.ParamID("post")
	if err != nil {
		return core.GuardPost{}, err
	}
	posts, err := h.ownPosts(c)
	if err != nil {
		return core.GuardPost{}, err
	}
	for _, post := range posts {
		if post.ID == id {
			return post, nil
		}
	}
	return core.GuardPost{}, core.NotFound("门岗不存在，或没有安排给您")
}
