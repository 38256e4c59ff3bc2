package core

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Follower is somebody who follows, or followed, an official account 微信关注用户, as WeChat last told. WeChat tells
// neither names nor pictures.
type Follower struct {
	ID      ID
	AppID   string
	OpenID  string
	UnionID string // "" = WeChat has not told
	Since   time.Time
	Left    time.Time // since when they do not follow; zero = they do
	Source  FollowerSource
	Remark  string // what the account calls them
	Tags    []int  // WeChat's ids
	Updated time.Time
}

// ShortOpenID returns the end of an open id, by which people can tell two apart.
func ShortOpenID(open string) string { return open[max(0, len(open)-6):] }

// FollowerSource is how somebody came to follow, in WeChat's words; "" = not told yet.
type FollowerSource string

// FollowerSources are those that WeChat tells, in display order.
var FollowerSources = []FollowerSource{
	"ADD_SCENE_QR_CODE", "ADD_SCENE_SEARCH", "ADD_SCENE_PROFILE_CARD", "ADD_SCENE_WXA", "ADD_SCENE_PROFILE_LINK",
	"ADD_SCENE_PROFILE_ITEM", "ADD_SCENE_PAID", "ADD_SCENE_CHANNELS", "ADD_SCENE_LIVESTREAM", "ADD_SCENE_REPRINT",
	"ADD_SCENE_WECHAT_ADVERTISEMENT", "ADD_SCENE_ACCOUNT_MIGRATION", "ADD_SCENE_OTHERS",
}

// followerSourceLabels are the sources in Chinese.
var followerSourceLabels = map[FollowerSource]string{
	"ADD_SCENE_QR_CODE": "扫描二维码", "ADD_SCENE_SEARCH": "公众号搜索", "ADD_SCENE_PROFILE_CARD": "名片分享",
	"ADD_SCENE_WXA": "小程序", "ADD_SCENE_PROFILE_LINK": "文章里的名称", "ADD_SCENE_PROFILE_ITEM": "文章的菜单",
	"ADD_SCENE_PAID": "支付后关注", "ADD_SCENE_CHANNELS": "视频号", "ADD_SCENE_LIVESTREAM": "视频号直播",
	"ADD_SCENE_REPRINT": "他人转载", "ADD_SCENE_WECHAT_ADVERTISEMENT": "微信广告", "ADD_SCENE_ACCOUNT_MIGRATION": "公众号迁移",
	"ADD_SCENE_OTHERS": "其他",
}

// Valid reports whether the source is one that WeChat tells today.
func (s FollowerSource) Valid() bool { return slices.Contains(FollowerSources, s) }

// Label returns the source in Chinese; one to come is 其他.
func (s FollowerSource) Label() string {
	if s == "" {
		return "–"
	}
	if label, ok := followerSourceLabels[s]; ok {
		return label
	}
	return followerSourceLabels["ADD_SCENE_OTHERS"]
}

// Limits of WeChat.
const (
	MaxFollowerRemark = 29 // characters
	MaxFollowerTag    = 30 // characters of a tag's name
	MaxFollowerTags   = 100
	MaxFollowersAtOne = 50 // followers of one tagging
	MaxTagsOfFollower = 20
)

// CleanFollowerRemark cleans a remark; "" takes it back. One that is too long is Invalid.
func CleanFollowerRemark(remark string) (string, error) {
	if remark = Clean(remark); utf8.RuneCountInString(remark) > MaxFollowerRemark {
		return remark, InvalidFields(map[string]string{"remark": fmt.Sprintf("最多 %d 个字", MaxFollowerRemark)})
	}
	return remark, nil
}

// FollowerTag is a tag that an official account puts on followers.
type FollowerTag struct {
	ID      ID
	AppID   string
	Number  int // WeChat's id
	Name    string
	Updated time.Time // see Stale
}

// firstFollowerTag is the least number of a tag that is not WeChat's own.
const firstFollowerTag = 100

// starredTag is the name of WeChat's own tag, which it lets another have all the same.
const starredTag = "星标组"

// Fixed reports whether the tag is WeChat's own, such as 星标组: it cannot be changed.
func (t FollowerTag) Fixed() bool { return t.Number < firstFollowerTag }

// Trimmed returns the tag with its name cleaned.
func (t FollowerTag) Trimmed() FollowerTag {
	t.Name = Clean(t.Name)
	return t
}

// Check returns an Invalid error unless the name is one that WeChat takes.
func (t FollowerTag) Check() error {
	if t.Name == "" || utf8.RuneCountInString(t.Name) > MaxFollowerTag {
		return InvalidFields(map[string]string{"name": fmt.Sprintf("请填写标签名，最多 %d 个字", MaxFollowerTag)})
	}
	if t.Name == starredTag {
		return InvalidFields(map[string]string{"name": "微信自带“" + starredTag + "”，请换一个名称"})
	}
	return nil
}

// FollowerSync is the state of an official account's sync of followers.
type FollowerSync struct {
	AppID                   string
	Run                     ID     // the one under way, stopped or failed; 0 = none
	Running                 bool   // a server is at it
	Stopped                 bool   // somebody stopped it
	Cursor                  string // the open id after which the list goes on
	Total                   int    // by WeChat's own count; 0 = not known yet
	Met                     int    // followers that the run has met
	Added, Changed, Removed int    // of the run under way, or of the last
	Tries                   int    // that failed in a row
	Ended                   time.Time
	Problem                 string // why the last did not come to its end, in words; "" = it did
}

// Words returns what a run did.
func (s FollowerSync) Words() string {
	return peopleCounted([]string{"增加", "变更", "取消关注"}, s.Added, s.Changed, s.Removed)
}

// peopleCounted returns how many people something happened to, without those that are none.
func peopleCounted(what []string, counts ...int) string {
	var parts []string
	for i, n := range counts {
		if n != 0 {
			parts = append(parts, fmt.Sprintf("%s %d 人", what[i], n))
		}
	}
	if parts == nil {
		return "没有变化"
	}
	return strings.Join(parts, "，")
}

// Whole reports whether a run met everybody that WeChat counts. A list with a gap must not let people appear as
// having left; a few may come and go while it runs.
func (s FollowerSync) Whole() bool { return s.Met+max(50, s.Total/100) >= s.Total }

// ToldFollower is what WeChat tells of a follower that it is asked about.
type ToldFollower struct {
	OpenID, UnionID string
	Follows         bool // otherwise nothing below is told
	Since           time.Time
	Source          FollowerSource
	Remark          string
	Tags            []int
}

// Differs reports whether what WeChat tells is not what is on record.
func (t ToldFollower) Differs(f Follower) bool {
	if !t.Follows {
		return f.Left.IsZero()
	}
	return !f.Left.IsZero() || t.UnionID != f.UnionID || !t.Since.Equal(f.Since) || t.Source != f.Source ||
		t.Remark != f.Remark || !slices.Equal(sortedInts(t.Tags), sortedInts(f.Tags))
}

func sortedInts(list []int) []int {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

// followerFields label what the audit log records of a follower.
var followerFields = []AuditField{
	{Key: "app_id", Label: "AppID"},
	{Key: "remark", Label: "备注"},
	{Key: "tags", Label: "标签", List: true},
	{Key: "name", Label: "公众号"},
	batchField,
}

// followerTagFields label what the audit log records of a tag.
var followerTagFields = []AuditField{
	{Key: "app_id", Label: "AppID"},
	{Key: "name", Label: "名称"},
}
