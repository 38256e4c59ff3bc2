package simulator

import (
	"bytes"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"time"
)

// material is a picture that an account keeps at the platform; of its data only the size is kept.
type material struct {
	id      string
	name    string
	url     string
	size    int
	updated time.Time
}

// upload reads the picture of a multipart form.
func (q *request) upload() (name string, size, code int) {
	_, params, err := mime.ParseMediaType(q.kind)
	if err != nil || params["boundary"] == "" {
		return "", 0, 41005
	}
	part, err := multipart.NewReader(bytes.NewReader(q.body), params["boundary"]).NextPart()
	if err != nil || part.FormName() != "media" || part.FileName() == "" {
		return "", 0, 41005
	}
	data, err := io.ReadAll(part)
	switch {
	case err != nil || len(data) == 0:
		return "", 0, 44001
	case q.query.Get("type") != "image":
		return "", 0, 40004
	case !strings.HasPrefix(http.DetectContentType(data), "image/"):
		return "", 0, 40005
	case len(data) > 10<<20:
		return "", 0, 40009
	}
	return part.FileName(), len(data), 0
}

// uploadMedia is POST /cgi-bin/media/upload. It has no errcode.
// https://developers.weixin.qq.com/doc/offiaccount/Asset_Management/New_temporary_materials.html
func uploadMedia(q *request) (any, int) {
	if _, _, code := q.upload(); code != 0 {
		return nil, code
	}
	return map[string]any{"type": "image", "media_id": q.sim.text(64), "created_at": q.now.Unix()}, 0
}

// addMaterial is POST /cgi-bin/material/add_material. It has no errcode.
// https://developers.weixin.qq.com/doc/offiaccount/Asset_Management/Adding_Permanent_Assets.html
func addMaterial(q *request) (any, int) {
	name, size, code := q.upload()
	if code != 0 {
		return nil, code
	}
	m := material{id: q.sim.text(43), name: name, size: size, updated: q.now}
	m.url = "http://mmbiz.qpic.cn/mmbiz_png/" + m.id + "/0"
	q.sim.materials[q.app.AppID] = append(q.sim.materials[q.app.AppID], m)
	return map[string]any{"media_id": m.id, "url": m.url}, 0
}

// listMaterials is POST /cgi-bin/material/batchget_material: newest first. It has no errcode.
// https://developers.weixin.qq.com/doc/offiaccount/Asset_Management/Get_materials_list.html
func listMaterials(q *request) (any, int) {
	var in struct {
		Type          string `json:"type"`
		Offset, Count int
	}
	if !q.bind(&in) {
		return nil, 47001
	}
	if in.Type != "image" || in.Offset < 0 || in.Count < 1 || in.Count > 20 {
		return nil, 40097
	}
	list := slices.Clone(q.sim.materials[q.app.AppID])
	slices.Reverse(list)
	total := len(list)
	items := []any{}
	for _, m := range list[min(in.Offset, total):min(in.Offset+in.Count, total)] {
		items = append(items, map[string]any{"media_id": m.id, "name": m.name, "url": m.url, "update_time": m.updated.Unix()})
	}
	return map[string]any{"total_count": total, "item_count": len(items), "item": items}, 0
}

// deleteMaterial is POST /cgi-bin/material/del_material.
// https://developers.weixin.qq.com/doc/offiaccount/Asset_Management/Deleting_Permanent_Assets.html
func deleteMaterial(q *request) (any, int) {
	var in struct {
		ID string `json:"media_id"`
	}
	if !q.bind(&in) {
		return nil, 47001
	}
	list := q.sim.materials[q.app.AppID]
	kept := slices.DeleteFunc(slices.Clone(list), func(m material) bool { return m.id == in.ID })
	if len(kept) == len(list) {
		return nil, 40007
	}
	q.sim.materials[q.app.AppID] = kept
	return ok(nil), 0
}
