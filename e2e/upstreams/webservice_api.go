package upstreams

import (
	"maps"
	"net/http"
)

// webserviceAPI is the wire side of a WebService.
type webserviceAPI struct{ *WebService }

func (w webserviceAPI) credentials(c *call) []string {
	return only(c.bearer())
}

func (w webserviceAPI) admit(c *call) *Reply {
	var wrong Reply
	switch {
	case c.URL.Path != w.path:
		wrong = systemReply(http.StatusNotFound)
	case c.Method != http.MethodGet && c.Method != http.MethodPost:
		wrong = systemReply(http.StatusMethodNotAllowed)
	case c.Method == http.MethodPost && !c.isJSON():
		wrong = systemReply(http.StatusUnsupportedMediaType)
	default:
		return nil
	}
	return &wrong
}

func (w webserviceAPI) answer(c *call) Reply {
	u, found := w.users.find(c.bearer())
	if !found {
		return systemReply(http.StatusUnauthorized)
	}
	data := map[string]any{"UserName": u.UserName, "Id": u.ID, "Name": u.Name}
	maps.Copy(data, u.Data)
	return jsonReply(http.StatusOK, struct {
		IsSuccess bool           `json:"IsSuccess"`
		Data      map[string]any `json:"Data"`
	}{true, data})
}
