package wechat

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"

	"github.com/silenceper/wechat/v2/officialaccount/user"
)

// Follower is what the account may know about a user. Names and avatars are no longer told.
type Follower struct {
	OpenID  string
	UnionID string
	Follows int    // 0 = does not; then nothing else is set
	Since   int64  // Unix seconds
	Remark  string // what the account calls them
	Tags    []int
	Source  string // ADD_SCENE_QR_CODE, ADD_SCENE_SEARCH, …
	Scene   string // of the parametric QR code that was scanned; "" = none
}

// Limits of calls about followers.
const (
	maxBatch  = 100 // people of one call
	maxTagged = 50  // people tagged by one call
	maxRemark = 30  // characters
	maxTag    = 30  // characters
)

// Follower looks up an open id. Code 40003: it is not of this account.
// https://developers.weixin.qq.com/doc/offiaccount/User_Management/Get_users_basic_information_UnionID.html
func (a *OfficialAccount) Follower(ctx context.Context, openID string) (Follower, error) {
	var answer followerAnswer
	err := a.app.do(ctx, func(t *trip) error {
		if _, err := user.NewUser(a.sdk(t)).GetUserInfo(url.QueryEscape(openID)); err != nil {
			return err
		}
		return json.Unmarshal(t.answer(), &answer)
	})
	if err != nil {
		return Follower{}, err
	}
	return answer.follower(), nil
}

// Followers looks up 1 to 100 open ids. Somebody who is not of this account makes the whole call
// fail with 40003.
// https://developers.weixin.qq.com/doc/offiaccount/User_Management/Get_users_basic_information_UnionID.html
func (a *OfficialAccount) Followers(ctx context.Context, openIDs []string) ([]Follower, error) {
	const api = "/cgi-bin/user/info/batchget"
	if err := checkPeople(api, openIDs, maxBatch); err != nil {
		return nil, err
	}
	var params user.BatchGetUserInfoParams
	for _, id := range openIDs {
		params.UserList = append(params.UserList, user.BatchGetUserListItem{OpenID: id, Lang: "zh_CN"})
	}
	var answer struct {
		List []followerAnswer `json:"user_info_list"`
	}
	err := a.app.do(ctx, func(t *trip) error {
		if _, err := user.NewUser(a.sdk(t)).BatchGetUserInfo(params); err != nil {
			return err
		}
		return json.Unmarshal(t.answer(), &answer)
	})
	if err != nil {
		return nil, err
	}
	out := make([]Follower, 0, len(answer.List))
	for _, f := range answer.List {
		out = append(out, f.follower())
	}
	return out, nil
}

// followerAnswer is a Follower as the platform writes it; the SDK does not export the type of a list's
// entries.
type followerAnswer struct {
	Subscribe int    `json:"subscribe"`
	OpenID    string `json:"openid"`
	UnionID   string `json:"unionid"`
	Since     int64  `json:"subscribe_time"`
	Remark    string `json:"remark"`
	Tags      []int  `json:"tagid_list"`
	Source    string `json:"subscribe_scene"`
	Scene     string `json:"qr_scene_str"`
}

func (f followerAnswer) follower() Follower {
	return Follower{
		OpenID: f.OpenID, UnionID: f.UnionID, Follows: f.Subscribe, Since: f.Since,
		Remark: f.Remark, Tags: f.Tags, Source: f.Source, Scene: f.Scene,
	}
}

func checkPeople(api string, openIDs []string, most int) error {
	switch {
	case len(openIDs) == 0:
		return invalid(api, "nobody is asked about")
	case len(openIDs) > most:
		return invalid(api, "too many people for one call")
	case slices.Contains(openIDs, ""):
		return invalid(api, "an open id is empty")
	}
	return nil
}

// OpenIDPage is a page of open ids.
type OpenIDPage struct {
	Total   int // of all pages; 0 = not told
	OpenIDs []string
	Next    string // to ask for the page after it; "" = it was the last one
}

// OpenIDs returns up to 10,000 followers, after the open id of a page before; "" begins. A sync that
// was interrupted goes on from the last Next.
// https://developers.weixin.qq.com/doc/offiaccount/User_Management/Getting_a_User_List.html
func (a *OfficialAccount) OpenIDs(ctx context.Context, after string) (OpenIDPage, error) {
	var list *user.OpenidList
	err := a.app.do(ctx, func(t *trip) (err error) {
		list, err = user.NewUser(a.sdk(t)).ListUserOpenIDs(after)
		return err
	})
	if err != nil {
		return OpenIDPage{}, err
	}
	return OpenIDPage{Total: list.Total, OpenIDs: list.Data.OpenIDs, Next: nextPage(list.Data.OpenIDs, list.NextOpenID, after)}, nil
}

// nextPage returns where to go on. The platform names the last person of a page also on the last
// page, and an empty page must not begin the list again.
func nextPage(page []string, next, after string) string {
	if len(page) == 0 || next == after {
		return ""
	}
	return next
}

// SetRemark sets what the account calls a follower: at most 29 characters; "" removes it.
// https://developers.weixin.qq.com/doc/offiaccount/User_Management/Configuring_user_notes.html
func (a *OfficialAccount) SetRemark(ctx context.Context, openID, remark string) error {
	const api = "/cgi-bin/user/info/updateremark"
	if openID == "" || length(remark) >= maxRemark {
		return invalid(api, "a remark has less than 30 characters, and belongs to somebody")
	}
	return a.app.do(ctx, func(t *trip) error { return user.NewUser(a.sdk(t)).UpdateRemark(openID, remark) })
}

// Tag is a tag of followers.
type Tag struct {
	ID    int
	Name  string
	Count int // followers who have it
}

// Tags returns the account's tags.
// https://developers.weixin.qq.com/doc/offiaccount/User_Management/User_Tag_Management.html
func (a *OfficialAccount) Tags(ctx context.Context) ([]Tag, error) {
	var list []*user.TagInfo
	err := a.app.do(ctx, func(t *trip) (err error) {
		list, err = user.NewUser(a.sdk(t)).GetTag()
		return err
	})
	if err != nil {
		return nil, err
	}
	out := make([]Tag, 0, len(list))
	for _, tag := range list {
		if tag != nil {
			out = append(out, Tag{ID: int(tag.ID), Name: tag.Name, Count: int(tag.Count)})
		}
	}
	return out, nil
}

// CreateTag makes a tag and returns its id. An account has at most 100. Codes: 45157 there is one of
// that name, 45158 the name is too long, 45056 there are too many.
// https://developers.weixin.qq.com/doc/offiaccount/User_Management/User_Tag_Management.html
func (a *OfficialAccount) CreateTag(ctx context.Context, name string) (int, error) {
	const api = "/cgi-bin/tags/create"
	if err := checkTag(api, name); err != nil {
		return 0, err
	}
	var tag *user.TagInfo
	err := a.app.do(ctx, func(t *trip) (err error) {
		tag, err = user.NewUser(a.sdk(t)).CreateTag(name)
		return err
	})
	if err != nil {
		return 0, err
	}
	if tag == nil || tag.ID == 0 {
		_, err = needed(api, "", nil)
		return 0, err
	}
	return int(tag.ID), nil
}

func checkTag(api, name string) error {
	if name == "" || length(name) > maxTag {
		return invalid(api, "the name of a tag has 1 to 30 characters")
	}
	return nil
}

// RenameTag changes a tag's name. Codes as for CreateTag; 45058 the tag is the platform's own.
// https://developers.weixin.qq.com/doc/offiaccount/User_Management/User_Tag_Management.html
func (a *OfficialAccount) RenameTag(ctx context.Context, id int, name string) error {
	if err := checkTag("/cgi-bin/tags/update", name); err != nil {
		return err
	}
	return a.app.do(ctx, func(t *trip) error { return user.NewUser(a.sdk(t)).UpdateTag(int32(id), name) })
}

// DeleteTag removes a tag. Codes: 45057 more than 100,000 have it, 45058 the tag is the platform's own.
// https://developers.weixin.qq.com/doc/offiaccount/User_Management/User_Tag_Management.html
func (a *OfficialAccount) DeleteTag(ctx context.Context, id int) error {
	return a.app.do(ctx, func(t *trip) error { return user.NewUser(a.sdk(t)).DeleteTag(int32(id)) })
}

// TagPeople puts a tag on 1 to 50 followers. Codes: 45159 no such tag, 45059 one has 20 tags already,
// 40003 or 49003 not of this account.
// https://developers.weixin.qq.com/doc/offiaccount/User_Management/User_Tag_Management.html
func (a *OfficialAccount) TagPeople(ctx context.Context, id int, openIDs []string) error {
	if err := checkPeople("/cgi-bin/tags/members/batchtagging", openIDs, maxTagged); err != nil {
		return err
	}
	return a.app.do(ctx, func(t *trip) error { return user.NewUser(a.sdk(t)).BatchTag(openIDs, int32(id)) })
}

// UntagPeople takes a tag from 1 to 50 followers. Codes as for TagPeople.
// https://developers.weixin.qq.com/doc/offiaccount/User_Management/User_Tag_Management.html
func (a *OfficialAccount) UntagPeople(ctx context.Context, id int, openIDs []string) error {
	if err := checkPeople("/cgi-bin/tags/members/batchuntagging", openIDs, maxTagged); err != nil {
		return err
	}
	return a.app.do(ctx, func(t *trip) error { return user.NewUser(a.sdk(t)).BatchUntag(openIDs, int32(id)) })
}

// TagsOf returns the ids of a follower's tags.
// https://developers.weixin.qq.com/doc/offiaccount/User_Management/User_Tag_Management.html
func (a *OfficialAccount) TagsOf(ctx context.Context, openID string) ([]int, error) {
	var ids []int32
	err := a.app.do(ctx, func(t *trip) (err error) {
		ids, err = user.NewUser(a.sdk(t)).UserTidList(openID)
		return err
	})
	var out []int
	for _, id := range ids {
		out = append(out, int(id))
	}
	return out, err
}

// Tagged returns up to 10,000 followers with a tag, like OpenIDs.
// https://developers.weixin.qq.com/doc/offiaccount/User_Management/User_Tag_Management.html
func (a *OfficialAccount) Tagged(ctx context.Context, id int, after string) (OpenIDPage, error) {
	var list *user.TagOpenIDList
	err := a.app.do(ctx, func(t *trip) (err error) {
		list, err = user.NewUser(a.sdk(t)).OpenIDListByTag(int32(id), after)
		return err
	})
	if err != nil {
		return OpenIDPage{}, err
	}
	if list == nil {
		list = &user.TagOpenIDList{}
	}
	return OpenIDPage{OpenIDs: list.Data.OpenIDs, Next: nextPage(list.Data.OpenIDs, list.NextOpenID, after)}, nil
}
