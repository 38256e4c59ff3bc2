package simulator

// userInfo is GET /cgi-bin/user/info. Names and avatars are no longer returned.
// https://developers.weixin.qq.com/doc/offiaccount/User_Management/Get_users_basic_information_UnionID.html
func userInfo(q *request) (any, int) {
	openID := q.query.Get("openid")
	p := q.sim.byOpenID(q.app.AppID, openID)
	if p == nil {
		return nil, 40003
	}
	since, follows := q.sim.followedSince(p.Key, q.app.AppID)
	if !follows {
		return map[string]any{"subscribe": 0, "openid": openID}, 0
	}
	out := map[string]any{
		"subscribe": 1, "openid": openID, "language": "zh_CN", "subscribe_time": since.Unix(),
		"remark": "", "groupid": 0, "tagid_list": []int{}, "subscribe_scene": "ADD_SCENE_QR_CODE",
		"qr_scene": 0, "qr_scene_str": "",
	}
	if union := q.sim.unionOf(p, q.app); union != "" {
		out["unionid"] = union
	}
	return out, 0
}

// userPage is the maximum number of openids on one page of the follower list.
const userPage = 10_000

// userList is GET /cgi-bin/user/get.
// https://developers.weixin.qq.com/doc/offiaccount/User_Management/Getting_a_User_List.html
func userList(q *request) (any, int) {
	var all []string
	for _, key := range q.sim.order {
		if _, follows := q.sim.followedSince(key, q.app.AppID); follows {
			all = append(all, q.sim.openID(key, q.app.AppID))
		}
	}
	page := all
	if after := q.query.Get("next_openid"); after != "" {
		page = nil
		for i, id := range all {
			if id == after {
				page = all[i+1:]
			}
		}
	}
	page = page[:min(len(page), userPage)]
	out := map[string]any{"total": len(all), "count": len(page), "next_openid": ""}
	if len(page) > 0 {
		out["data"] = map[string]any{"openid": page}
		out["next_openid"] = page[len(page)-1]
	}
	return out, 0
}
