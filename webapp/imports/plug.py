"""What imports plug into the house."""

from webapp.imports.permissions import IMPORTS_USE
from webapp.imports.views import bp
from webapp.kit.plug import NavItem, Plug

PLUG = Plug(
    blueprints=(bp,),
    navigation=(NavItem("Data", "Imports", "/imports", "upload", 85, IMPORTS_USE),),
)
